// PCI devices as lspci and the collective libraries list them, and InfiniBand ports as their own project reads them.
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::vector<std::string> addresses(const Json& report) {
  std::vector<std::string> found;
  for (const auto& device : report["accelerators"]) found.push_back(device["pci_address"].get<std::string>());
  return found;
}

std::string attribute(const std::string& tag, const std::string& name) {
  std::smatch match;
  return std::regex_search(tag, match, std::regex(" " + name + "=\"(?:0x)?([^\"]*)\"")) ? match[1].str() : "";
}

/// RCCL's topology: the PCI functions below which it placed a GPU are what its runtime opened.
void score_collective(const std::string& file, const std::string& unit, Score& score) {
  const std::string text = text_of(file);
  static const std::regex tag("<pci [^>]*>|<gpu [^>]*>");
  const MemoryFolder folder;
  std::vector<std::string> gpus;
  std::string address, vendor;
  for (std::sregex_iterator at(text.begin(), text.end(), tag), end; at != end; ++at) {
    const std::string found = at->str();
    if (found.starts_with("<gpu ")) {
      if (!vendor.empty()) gpus.push_back(address);
      continue;
    }
    address = attribute(found, "busid");
    vendor = attribute(found, "vendor");
    if (vendor.empty()) continue;  // an older text: without ids there is nothing to know a GPU by
    put_pci(folder.path(), {address,
                            attribute(found, "class"),
                            vendor,
                            attribute(found, "device"),
                            attribute(found, "subsystem_vendor"),
                            attribute(found, "subsystem_device"),
                            {}});
  }
  if (gpus.empty()) return;
  const Json report = probe_root(unit, folder.path(), score);
  if (report.is_object()) compare_names(score, unit, "accelerators", Source::kOtherTool, gpus, addresses(report));
}

/// "0001:00:00.0 3D controller [0302]: NVIDIA Corporation GA100 [A100 SXM4 80GB] [10de:20b2] (rev a1)"
void score_lspci(const std::string& file, const std::string& unit, Score& score) {
  static const std::regex form("^([0-9a-f:.]+) (.*) \\[([0-9a-f]{4})\\]: (.*) \\[([0-9a-f]{4}):([0-9a-f]{4})\\].*");
  const MemoryFolder folder;
  std::vector<std::string> gpus;
  std::map<std::string, std::string> names;
  std::istringstream lines(text_of(file));
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, form)) continue;
    const std::string address = match[1].length() == 7 ? "0000:" + match[1].str() : match[1].str();
    put_pci(folder.path(), {address, match[3].str() + "00", match[5], match[6], "", "", {}});
    if (match[2] != "3D controller" && match[2] != "Processing accelerators") continue;
    gpus.push_back(address);
    names[address] = match[4].str();
  }
  const Json report = probe_root(unit, folder.path(), score);
  if (!report.is_object()) return;
  compare_names(score, unit, "accelerators", Source::kOtherTool, gpus, addresses(report));
  for (const auto& device : report["accelerators"]) {
    const auto told = names.find(device["pci_address"].get<std::string>());
    if (told == names.end()) continue;
    score.add({unit + "/" + told->first, "accelerator_model", Source::kOtherTool, product_of(told->second),
               product_of(value_in(device, "/model"))});
  }
}

/// Eight 400 Gb/s ports and a bond of two Ethernet ports, which is no port of its own.
void score_infiniband(const std::string& corpus, Score& score) {
  const MemoryFolder folder;
  unpack(corpus + "/leptonai_gpud/sys-class-infiniband-h100.0.tar.gz", folder.path());
  std::error_code error;
  fs::create_directories(folder.path() + "/machine/sys/class", error);
  fs::rename(folder.path() + "/sys-class-infiniband-h100.0", folder.path() + "/machine/sys/class/infiniband", error);
  const std::string root = folder.path() + "/machine";
  std::map<std::string, std::string> rates;
  for (const auto& device : fs::directory_iterator(root + "/sys/class/infiniband", error)) {
    const std::string port = device.path().string() + "/ports/1/";
    if (!text_of(port + "link_layer").starts_with("InfiniBand")) continue;
    rates[device.path().filename().string()] = std::to_string(std::stoul(text_of(port + "rate")) * 1000);
  }
  const Json report = probe_root("gpud/infiniband-h100", root, score);
  if (!report.is_object()) return;
  std::vector<std::string> wanted, got;
  for (const auto& [name, rate] : rates) wanted.push_back(name);
  for (const auto& nic : report["network"]) {
    const std::string name = nic["name"].get<std::string>();
    got.push_back(name);
    if (rates.contains(name))
      score.add({"gpud/infiniband-h100/" + name, "nic_mbps", Source::kCapture, rates[name], nic["speed_mbps"].dump()});
  }
  compare_names(score, "gpud/infiniband-h100", "nics", Source::kCapture, wanted, got);
}

}  // namespace

void score_listings(const std::string& corpus, Score& score) {
  std::set<std::string> files;
  for (const char* folder : {"/ROCm_rccl", "/Azure_azhpc-images", "/aws_aws-ofi-nccl"}) {
    for (const auto& entry : fs::recursive_directory_iterator(corpus + folder)) {
      if (entry.path().extension() == ".xml") files.insert(entry.path().string());
    }
  }
  for (const auto& file : files) score_collective(file, "collective/" + fs::path(file).stem().string(), score);
  for (const char* name : {"lspci.nn.a10", "lspci.nn.a100"}) score_lspci(corpus + "/leptonai_gpud/history/" + name, name, score);
  score_infiniband(corpus, score);
}

}  // namespace capmap::support
