// Parts of sysfs that monitoring projects captured for their own tests, put into the places of a machine.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "agent/probe/words.hpp"
#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct CpuOnly {
  const char *archive, *folder;
  const char *packages, *cores, *pus;
  Source source;
};

/// Unpacks the text archives of the exporters: "Path: NAME", "Lines: N" and the lines; "SymlinkTo: TARGET"; "Directory: NAME".
void unpack_text(const std::string& archive, const std::string& folder) {
  std::istringstream lines(text_of(archive));
  std::error_code error;
  std::string path;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Directory: ")) fs::create_directories(folder + "/" + line.substr(11), error);
    if (line.starts_with("Path: ")) path = line.substr(6);
    if (line.starts_with("SymlinkTo: ")) {
      fs::create_directories(fs::path(folder + "/" + path).parent_path(), error);
      fs::create_symlink(line.substr(11), folder + "/" + path, error);
    }
    if (!line.starts_with("Lines: ")) continue;
    std::string text;
    for (auto left = std::stoul(line.substr(7)); left > 0 && std::getline(lines, line); --left) text += line + "\n";
    if (text.ends_with("EOF\n")) text.resize(text.size() - 4);
    put_file(folder + "/" + path, text);
  }
}

/// Rates a folder of sys/class/infiniband tells, by port.
std::map<std::string, std::string> rates_in(const std::string& root) {
  std::map<std::string, std::string> rates;
  std::error_code error;
  for (const auto& device : fs::directory_iterator(root + "/sys/class/infiniband", error)) {
    for (const auto& port : fs::directory_iterator(device.path() / "ports", error)) {
      const auto rate = text_of(port.path().string() + "/rate");
      if (rate.empty()) continue;
      rates[device.path().filename().string() + "/" + port.path().filename().string()] = std::to_string(std::stoul(rate) * 1000);
    }
  }
  return rates;
}

/// Names and rates of ports: "mlx4_0" and "mlx4_0/2" of a card with two.
void compare_ports(Score& score, const std::string& unit, Source source, const std::map<std::string, std::string>& rates,
                   const Json& report) {
  for (const auto& [port, rate] : rates) {
    std::string got = "none";
    for (const auto& nic : report["network"]) {
      const std::string name = nic["name"];
      if (name == port || port == name + "/1") got = nic["speed_mbps"].dump();
    }
    score.add({unit + "/" + port, "nic_mbps", source, rate, got});
  }
}

void score_procfs(const std::string& corpus, Score& score) {
  const MemoryFolder folder;
  unpack_text(corpus + "/prometheus_procfs/testdata/fixtures.ttar", folder.path());
  const std::string root = folder.path() + "/fixtures";
  const Json report = probe_root("procfs", root, score);
  if (report.is_object()) compare_ports(score, "procfs", Source::kCapture, rates_in(root), report);
}

void score_node_exporter(const std::string& corpus, Score& score) {
  const std::string fixtures = corpus + "/prometheus_node_exporter/collector/fixtures";
  const MemoryFolder folder;
  unpack_text(fixtures + "/sys.ttar", folder.path());
  for (const char* name : {"cpuinfo", "meminfo"}) put_file(folder.path() + "/proc/" + name, text_of(fixtures + "/proc/" + name));
  const std::string unit = "node_exporter";
  const Json report = probe_root(unit, folder.path(), score);
  if (!report.is_object()) return;
  std::istringstream lines(text_of(fixtures + "/e2e-output.txt"));
  std::map<std::string, std::string> rates;
  std::string model;
  for (std::string line; std::getline(lines, line);) {
    const auto value = line.rfind(' ');
    const auto label = [&line](const std::string& key) {
      const auto at = line.find(key + "=\"");
      return at == std::string::npos ? "" : line.substr(at + key.size() + 2, line.find('"', at + key.size() + 2) - at - key.size() - 2);
    };
    if (line.starts_with("node_infiniband_rate_bytes_per_second{"))
      rates[label("device") + "/" + label("port")] = std::to_string(std::stoull(std::to_string(std::stold(line.substr(value)) * 8 / 1e6L)));
    if (line.starts_with("node_memory_MemTotal_bytes "))
      score.add({unit, "memory_bytes", Source::kUpstream, std::to_string(std::stoull(std::to_string(std::stold(line.substr(value))))),
                 value_in(report, "/memory/total_bytes")});
    if (line.starts_with("node_cpu_info{")) model = label("model_name");
  }
  score.add({unit, "cpu_model", Source::kUpstream, model, value_in(report, "/cpu/model")});
  compare_ports(score, unit, Source::kUpstream, rates, report);
}

struct KfdGpu {
  std::string device, vendor;
  std::uint64_t memory = 0;
};

/// GPUs of KFD's nodes by PCI address. A partition's location adds its number to the function, which no PCI device has.
std::map<std::string, KfdGpu> kfd_gpus(const std::string& nodes) {
  std::map<std::string, KfdGpu> gpus;
  std::error_code error;
  for (const auto& node : fs::directory_iterator(nodes, error)) {
    std::map<std::string, std::uint64_t> told;
    std::istringstream lines(text_of(node.path().string() + "/properties"));
    std::string key;
    for (std::uint64_t value = 0; lines >> key >> value;) told[key] = value;
    if (told["simd_count"] == 0) continue;
    const auto place = told["location_id"];
    char address[16], id[8];
    std::snprintf(address, sizeof address, "%04x:%02x:%02x.0", static_cast<unsigned>(told["domain"] & 0xffff),
                  static_cast<unsigned>(place >> 8 & 0xff), static_cast<unsigned>(place >> 3 & 0x1f));
    std::snprintf(id, sizeof id, "%04x", static_cast<unsigned>(told["device_id"] & 0xffff));
    gpus[address].device = id;
  }
  return gpus;
}

/// The product's word where the name has it, else the whole name: "Vega 10 [Instinct MI25/MI25x2]" names an MI25.
std::string word_in(const std::string& name, const std::string& word) {
  return name.find(word) == std::string::npos ? name : word;
}

void score_kfd_tree(const std::string& corpus, const char* archive, const char* model, std::size_t count, Score& score) {
  const MemoryFolder folder, machine;
  unpack(corpus + "/ROCm_k8s-device-plugin/" + archive + ".tar.gz", folder.path());
  std::vector<std::string> wanted, got;
  for (const auto& [address, gpu] : kfd_gpus(folder.path() + "/" + archive + "/topology/nodes")) {
    wanted.push_back(address);
    put_pci(machine.path(), {address, "120000", "1002", gpu.device, "", "", {}});
  }
  const std::string unit = std::string("kfd/") + archive;
  score.add({unit, "accelerator_count", Source::kCapture, std::to_string(count), std::to_string(wanted.size())});
  const Json report = probe_root(unit, machine.path(), score);
  if (!report.is_object()) return;
  for (const auto& device : report["accelerators"]) {
    got.push_back(device["pci_address"]);
    score.add({unit + "/" + got.back(), "accelerator_model", Source::kCapture, model, word_in(value_in(device, "/model"), model)});
  }
  compare_names(score, unit, "accelerators", Source::kCapture, wanted, got);
}

}  // namespace

void score_cadvisor(const std::string& corpus, Score& score) {
  // The first folder's name tells two Xeon 4214, of 12 cores with two threads each; the other's files, three PUs of one package.
  for (const CpuOnly& one : {CpuOnly{"testdata_xeon4214_2socket", "testdata_xeon4214_2socket", "2", "24", "48", Source::kUpstream},
                             CpuOnly{"testdata_graviton2", "testdata_graviton2", "1", "3", "3", Source::kCapture}}) {
    const MemoryFolder folder;
    unpack(corpus + "/google_cadvisor/" + one.archive + ".tar.gz", folder.path());
    const std::string root = folder.path() + "/machine", unit = std::string("cadvisor/") + one.folder;
    std::error_code error;
    fs::create_directories(root + "/sys/devices/system", error);
    fs::rename(folder.path() + "/" + one.folder, root + "/sys/devices/system/cpu", error);
    const Json report = probe_root(unit, root, score);
    if (!report.is_object()) continue;
    score.add({unit, "packages", one.source, one.packages, value_in(report, "/cpu/packages")});
    score.add({unit, "cores", one.source, one.cores, value_in(report, "/cpu/cores")});
    score.add({unit, "pus", one.source, one.pus, value_in(report, "/cpu/pus")});
  }
}

void score_kfd(const std::string& corpus, Score& score) {
  // Two nodes of the first tree are one card: its README calls the second a copy.
  score_kfd_tree(corpus, "topology-parsing", "MI25", 1, score);
  score_kfd_tree(corpus, "topology-parsing-mi308", "MI308X", 8, score);
}

void score_exporters(const std::string& corpus, Score& score) {
  score_procfs(corpus, score);
  score_node_exporter(corpus, score);
}

}  // namespace capmap::support
