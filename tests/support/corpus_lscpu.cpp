// What lscpu of util-linux and the host CPU code of libvirt are expected to say by their own tests.
#include <cstdio>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "common/host_root.hpp"
#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Fields = std::multimap<std::string, std::string>;

Fields read_fields(const std::string& text) {
  Fields fields;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    const auto colon = line.find(':');
    const auto value = line.find_first_not_of(' ', colon + 1);
    if (colon != std::string::npos && value != std::string::npos) fields.emplace(line.substr(0, colon), line.substr(value));
  }
  return fields;
}

unsigned long number(const Fields& fields, const std::string& key, unsigned long otherwise) {
  const auto at = fields.find(key);
  return at == fields.end() ? otherwise : std::strtoul(at->second.c_str(), nullptr, 10);
}

/// A size as lscpu writes it: two units up at most one decimal, "1.5 MiB".
std::string size_text(const std::string& bytes, const std::string& like) {
  if (bytes == "unknown") return bytes;
  const bool mebi = like.find("MiB") != std::string::npos, gibi = like.find("GiB") != std::string::npos;
  const double unit = gibi ? 1073741824.0 : mebi ? 1048576.0 : 1024.0;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", std::stod(bytes) / unit);
  std::string figure = text;
  if (figure.ends_with(".0")) figure.resize(figure.size() - 2);
  return figure + (gibi ? " GiB" : mebi ? " MiB" : " KiB");
}

void compare_caches(Score& score, const std::string& unit, const Fields& fields, const Json& report) {
  for (const auto& [theirs, ours] : {std::pair("L1d cache", "l1d_bytes"), std::pair("L1i cache", "l1i_bytes"),
                                     std::pair("L2 cache", "l2_bytes"), std::pair("L3 cache", "l3_bytes")}) {
    const auto at = fields.find(theirs);
    if (at == fields.end()) continue;
    const std::string wanted = at->second.substr(0, at->second.find(" ("));
    score.add({unit, ours, Source::kUpstream, wanted, size_text(value_in(report, std::string("/cpu/caches/") + ours), wanted)});
  }
}

std::string squeezed(const std::string& text) {
  return std::regex_replace(text, std::regex(" +"), " ");
}

void compare_lscpu(Score& score, const std::string& unit, const Fields& fields, const Json& report) {
  const auto online = parse_kernel_list(fields.find("On-line CPU(s) list")->second);
  if (online) {
    const auto all = number(fields, "CPU(s)", 0);
    score.add({unit, "pus", Source::kUpstream, std::to_string(online->size()), value_in(report, "/cpu/pus")});
    const std::string offline = value_in(report, "/cpu/pus_offline");
    if (offline != "unknown") score.add({unit, "pus_offline", Source::kUpstream, std::to_string(all - online->size()), offline});
  }
  const bool unlike = fields.count("Model name") > 1;  // then every kind has counts of its own
  const auto sockets = number(fields, "Socket(s)", 0) + number(fields, "Socket(s) per book", 0) * number(fields, "Book(s) per drawer", 1) *
                                                            number(fields, "Book(s)", 1) * number(fields, "Drawer(s)", 1);
  score.add({unit, "packages", Source::kUpstream, std::to_string(sockets), value_in(report, "/cpu/packages")});
  unsigned long cores = 0;
  for (auto [at, end] = fields.equal_range("Core(s) per socket"); at != end; ++at) cores += std::stoul(at->second) * (unlike ? 1 : sockets);
  score.add({unit, "cores", Source::kUpstream, std::to_string(cores), value_in(report, "/cpu/cores")});
  if (fields.contains("NUMA node(s)"))
    score.add({unit, "numa_nodes", Source::kUpstream, fields.find("NUMA node(s)")->second, value_in(report, "/cpu/numa_nodes")});
  const std::string model = fields.contains("Model name") ? squeezed(fields.find("Model name")->second) : "-";
  if (model != "-")
    score.add({unit, "cpu_model", Source::kUpstream, model.substr(0, model.find(" (arch")), value_in(report, "/cpu/model")});
  if (fields.contains("Vendor ID"))
    score.add({unit, "cpu_vendor", Source::kUpstream, fields.find("Vendor ID")->second, value_in(report, "/cpu/vendor")});
  compare_caches(score, unit, fields, report);
}

/// Brings libvirt's short folders into the places of a machine.
std::string as_machine(const std::string& system, const std::string& top) {
  const std::string root = top + "/machine";
  std::error_code error;
  fs::create_directories(root + "/sys/devices/system", error);
  for (const char* part : {"/cpu", "/node"}) {
    const fs::path place = fs::canonical(system + part, error);  // several captures share one through links
    if (!error) fs::copy(place, root + "/sys/devices/system" + part, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  }
  return root;
}

/// "CPUs: 6/8, MHz: 1596, Nodes: 1, Sockets: 1, Cores: 4, Threads: 2": sockets a node, cores a socket.
void compare_host_cpu(Score& score, const std::string& unit, const std::string& expected, const Json& report) {
  unsigned online = 0, all = 0, mhz = 0, nodes = 0, sockets = 0, cores = 0, threads = 0;
  if (std::sscanf(expected.c_str(), "CPUs: %u/%u, MHz: %u, Nodes: %u, Sockets: %u, Cores: %u, Threads: %u", &online, &all, &mhz, &nodes,
                  &sockets, &cores, &threads) != 7) {
    score.fail(unit, "expected counts in another form");
    return;
  }
  score.add({unit, "pus", Source::kUpstream, std::to_string(online), value_in(report, "/cpu/pus")});
  score.add({unit, "pus_offline", Source::kUpstream, std::to_string(all - online), value_in(report, "/cpu/pus_offline")});
  // One socket with as many cores as there are PUs is what libvirt says where it gives the topology up.
  if (nodes == 1 && sockets == 1 && threads == 1 && cores == all && all > 2) return;
  score.add({unit, "packages", Source::kUpstream, std::to_string(nodes * sockets), value_in(report, "/cpu/packages")});
  score.add({unit, "cores", Source::kUpstream, std::to_string(nodes * sockets * cores), value_in(report, "/cpu/cores")});
}

std::string distinct(const std::string& xml, const char* pattern) {
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(xml.begin(), xml.end(), expression), end; at != end; ++at) found.insert((*at)[1].str());
  return std::to_string(found.size());
}

void compare_capabilities(Score& score, const std::string& unit, const std::string& xml, const Json& report) {
  score.add({unit, "pus", Source::kUpstream, distinct(xml, "<cpu id='([0-9]+)'"), value_in(report, "/cpu/pus")});
  score.add({unit, "packages", Source::kUpstream, distinct(xml, "socket_id='([0-9]+)'"), value_in(report, "/cpu/packages")});
  score.add(
      {unit, "cores", Source::kUpstream, distinct(xml, "(socket_id='[0-9]+' .*siblings='[0-9,-]+')"), value_in(report, "/cpu/cores")});
  const std::string dies = distinct(xml, "(socket_id='[0-9]+' die_id='[0-9]+')");
  // libvirt writes die 0 for kernels that tell no dies: only where a package has several is it a reading.
  if (dies != "0" && dies != distinct(xml, "socket_id='([0-9]+)'"))
    score.add({unit, "dies", Source::kUpstream, dies, value_in(report, "/cpu/dies")});
  score.add({unit, "numa_nodes", Source::kUpstream, distinct(xml, "<cell id='([0-9]+)'"), value_in(report, "/cpu/numa_nodes")});
}

}  // namespace

void score_lscpu(const std::string& corpus, Score& score) {
  const std::string tests = corpus + "/util-linux/tests";
  for (const auto& entry : fs::directory_iterator(tests + "/ts/lscpu/dumps")) {
    const std::string name = entry.path().stem().stem().string();
    const MemoryFolder folder;
    unpack(entry.path().string(), folder.path());
    const Fields fields = read_fields(text_of(tests + "/expected/lscpu/lscpu-" + name));
    const Json report = probe_root("lscpu/" + name, roots_within(folder.path()).front(), score);
    if (!report.is_object()) continue;
    if (!fields.contains("On-line CPU(s) list")) {
      score.fail("lscpu/" + name, "expected text in another form");
      continue;
    }
    compare_lscpu(score, "lscpu/" + name, fields, report);
  }
}

void score_libvirt(const std::string& corpus, Score& score) {
  const MemoryFolder hosts;
  unpack(corpus + "/libvirt-9.0.0/virhostcpudata-dev.tar.gz", hosts.path());
  for (const auto& entry : fs::directory_iterator(hosts.path())) {
    const std::string file = entry.path().filename().string();  // "linux-x86_64-test6.expected" of "linux-test6/" and a cpuinfo
    if (!file.ends_with(".expected")) continue;
    const std::string name = entry.path().stem().string();
    const auto dash = name.find('-', 6);
    const MemoryFolder folder;
    const std::string root = as_machine(hosts.path() + "/linux-" + name.substr(dash + 1), folder.path());
    put_file(root + "/proc/cpuinfo", text_of(hosts.path() + "/" + name + ".cpuinfo"));
    const Json report = probe_root("libvirt/" + name, root, score);
    if (report.is_object()) compare_host_cpu(score, "libvirt/" + name, text_of(entry.path().string()), report);
  }
  const MemoryFolder capabilities;
  unpack(corpus + "/libvirt-9.0.0/vircaps2xmldata.tar.gz", capabilities.path());
  for (const auto& entry : fs::directory_iterator(capabilities.path() + "/vircaps2xmldata")) {
    const std::regex expected("vircaps-[a-z0-9]+_?[0-9]*-(.*)[.]xml");
    const std::string file = entry.path().filename().string();
    std::smatch match;
    if (!std::regex_match(file, match, expected)) continue;
    const std::string system = capabilities.path() + "/vircaps2xmldata/linux-" + match[1].str() + "/system";
    if (!fs::exists(system + "/cpu")) continue;  // a link out of the pack
    const MemoryFolder folder;
    const Json report = probe_root("libvirt/" + file, as_machine(system, folder.path()), score);
    if (report.is_object()) compare_capabilities(score, "libvirt/" + file, text_of(entry.path().string()), report);
  }
}

}  // namespace capmap::support
