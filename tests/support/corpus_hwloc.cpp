// What hwloc's own tests, and sites that exported XML with it, say of their machines.
#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

using Json = nlohmann::json;

std::string squeezed(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

/// "POWER9, altivec supported" and "POWER9 (raw), altivec supported" name a POWER9: what follows is no part of the model.
std::string model_of(const std::string& text) {
  const std::string model = squeezed(text);
  return model.starts_with("POWER") ? squeezed(model.substr(0, model.find_first_of(",("))) : model;
}

/// {"32KB": 8, "48KB": 1} -> bytes of all, or nothing for rounded units.
std::optional<std::uint64_t> cache_sum(const Json& sizes) {
  std::uint64_t sum = 0;
  for (const auto& [size, count] : sizes.items()) {
    if (!size.ends_with("KB") && !size.ends_with("KiB")) return std::nullopt;
    sum += std::stoull(size) * 1024 * count.get<std::uint64_t>();
  }
  return sum;
}

void compare_counts(Score& score, const std::string& unit, Source source, const Json& counts, const Json& report) {
  for (const auto& [theirs, ours] : {std::pair("Package", "packages"), std::pair("Core", "cores"), std::pair("PU", "pus"),
                                     std::pair("NUMANode", "numa_nodes"), std::pair("Die", "dies")}) {
    const auto count = counts.value(theirs, 0U);
    if (std::string(theirs) == "Die" && count == 0) continue;  // told only where a package has several
    score.add({unit, ours, source, count == 0 ? "unknown" : std::to_string(count), value_in(report, std::string("/cpu/") + ours)});
  }
}

void compare_caches(Score& score, const std::string& unit, Source source, const Json& answer, const Json& report) {
  if (!answer.contains("caches")) return;
  for (const auto& [theirs, ours] : {std::pair("L1dCache", "l1d_bytes"), std::pair("L1iCache", "l1i_bytes"),
                                     std::pair("L2Cache", "l2_bytes"), std::pair("L3Cache", "l3_bytes")}) {
    if (!answer["caches"].contains(theirs)) continue;
    const auto sum = cache_sum(answer["caches"][theirs]);
    if (sum) score.add({unit, ours, source, std::to_string(*sum), value_in(report, std::string("/cpu/caches/") + ours)});
  }
}

/// hwloc's memory is that of its NUMA nodes.
std::string numa_bytes(const Json& report) {
  std::uint64_t sum = 0;
  for (const auto& node : report["memory"]["numa"]) sum += node["bytes"].is_null() ? 0 : node["bytes"].get<std::uint64_t>();
  return sum == 0 ? "unknown" : std::to_string(sum);
}

std::optional<std::string> memory_told(const Json& answer) {
  if (answer.contains("mem_bytes") && answer["mem_bytes"] != 0) return answer["mem_bytes"].dump();
  const std::string total = answer.value("machine_mem", "");  // "total=67108864KB"; newer ones round to GiB
  if (!total.starts_with("total=") || !total.ends_with("KB")) return std::nullopt;
  return std::to_string(std::stoull(total.substr(6)) * 1024);
}

/// Names of network devices that hwloc lists as "2:eth0", "16:eth0" or "Net/:eth0".
std::vector<std::string> net_names(const Json& answer) {
  std::vector<std::string> names;
  if (!answer.contains("osdevs") || !answer["osdevs"].is_array()) return names;
  for (const auto& device : answer["osdevs"]) {
    const std::string text = device.get<std::string>();
    const auto colon = text.find(':');
    const std::string kind = text.substr(0, colon);
    if (kind == "2" || kind == "16" || kind.starts_with("Net")) names.push_back(text.substr(colon + 1));
  }
  return names;
}

std::vector<std::string> members(const Json& rows, const char* key) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row[key].get<std::string>());
  return names;
}

void compare_answer(Score& score, const std::string& unit, Source source, const Json& answer, const Json& report) {
  if (answer.contains("counts")) compare_counts(score, unit, source, answer["counts"], report);
  compare_caches(score, unit, source, answer, report);
  if (const auto bytes = memory_told(answer)) score.add({unit, "memory_bytes", source, *bytes, numa_bytes(report)});
  if (answer.contains("CPUModel")) {
    score.add({unit, "cpu_model", source, model_of(answer["CPUModel"].get<std::string>()), value_in(report, "/cpu/model")});
  }
  if (answer.contains("cpu") && answer["cpu"].is_string()) {
    score.add({unit, "cpu_model", source, model_of(answer["cpu"].get<std::string>()), value_in(report, "/cpu/model")});
  }
  const auto nets = net_names(answer);
  if (!nets.empty()) compare_names(score, unit, "nics", source, nets, members(report["network"], "name"));
}

/// PCI addresses below which an XML holds a device of a vendor's library: NVML, CUDA, OpenCL or ROCm SMI saw a GPU there.
std::vector<std::string> gpus_of_back_ends(const std::string& xml) {
  static const std::regex object(
      R"re(<object type="PCIDev"[^>]*pci_busid="([0-9a-f:.]+)"|<object type="OSDev"[^>]*name="(cuda|nvml|rsmi|opencl)[0-9])re");
  std::set<std::string> gpus;
  std::string address;
  for (std::sregex_iterator at(xml.begin(), xml.end(), object), end; at != end; ++at) {
    if ((*at)[1].matched) address = (*at)[1].str();
    if ((*at)[2].matched && !address.empty()) gpus.insert(address);
  }
  return {gpus.begin(), gpus.end()};
}

void score_archive(const std::string& corpus, const std::string& name, const Json& unit, Score& score) {
  const MemoryFolder folder;
  unpack(corpus + "/" + unit["paths"][0].get<std::string>(), folder.path());
  const Json& answer = unit["answer"];
  const auto roots = roots_within(folder.path());
  for (const auto& root : roots) {
    const std::string place = std::filesystem::path(root).filename().string();
    const std::string one = roots.size() == 1 ? name : name + "/" + place;
    const Json report = probe_root(one, root, score);
    if (!report.is_object() || !answer.is_object()) continue;
    compare_answer(score, one, Source::kUpstream, answer, report);
    if (!answer.contains("hwloc290_reference")) continue;
    const Json& reading = answer["hwloc290_reference"];
    compare_counts(score, one, Source::kOtherTool, reading, report);
    if (reading.value("mem", 0ULL) != 0) score.add({one, "memory_bytes", Source::kOtherTool, reading["mem"].dump(), numa_bytes(report)});
  }
}

/// The answer for one of a unit's files: its own where the unit has one a file.
const Json* answer_for(const Json& answer, const std::string& path) {
  if (answer.contains("counts")) return &answer;
  for (const auto& [file, own] : answer.items()) {
    if (path.ends_with(file)) return &own;
  }
  return nullptr;
}

/// Addresses as hwloc lists them: a card of several dies by each of them.
std::vector<std::string> pci_devices(const Json& accelerators) {
  std::vector<std::string> addresses;
  for (const auto& card : accelerators) {
    const auto dies = members(card["partitions"], "pci_address");
    if (dies.empty()) addresses.push_back(card["pci_address"].get<std::string>());
    addresses.insert(addresses.end(), dies.begin(), dies.end());
  }
  return addresses;
}

void score_xml(const std::string& corpus, const std::string& name, const Json& unit, std::set<std::string>& seen, Score& score) {
  for (const auto& path : unit["paths"]) {
    const std::string file = path.get<std::string>();
    // XML of the third generation cannot be read by the second: refused with a reason, which is an exit code of its own.
    if (!file.ends_with(".xml") || file.ends_with(".v3.xml")) continue;
    const std::string text = text_of(corpus + "/" + file);
    if (!seen.insert(text).second) continue;
    const std::string one = name + "/" + std::filesystem::path(file).filename().string();
    const Json report = probe_xml(one, corpus + "/" + file, score);
    const Json* answer = answer_for(unit["answer"], file);
    if (!report.is_object()) continue;
    if (answer) compare_answer(score, one, Source::kCapture, *answer, report);
    const auto gpus = gpus_of_back_ends(text);
    if (!gpus.empty()) compare_names(score, one, "accelerators", Source::kOtherTool, gpus, pci_devices(report["accelerators"]));
  }
}

}  // namespace

void score_hwloc(const std::string& corpus, const Json& answers, Score& score) {
  std::set<std::string> seen;
  for (const auto& [name, unit] : answers.items()) {
    if (unit["cls"] == "fsroot" && !name.starts_with("util-linux/lscpu")) score_archive(corpus, name, unit, score);
    if (unit["cls"] == "xml") score_xml(corpus, name, unit, seen, score);
  }
}

}  // namespace capmap::support
