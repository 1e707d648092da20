// Raw SMBIOS tables, and what go-smbios decodes of them by its own tests.
#include <filesystem>

#include "agent/probe/smbios.hpp"
#include "tests/support/corpus.hpp"

namespace capmap::support {
namespace {

using Json = nlohmann::json;

std::string figure(const Json& value) {
  return value == 0 ? "unknown" : value.dump();
}

template <class T>
std::string figure(const std::optional<T>& value) {
  return value ? std::to_string(*value) : "unknown";
}

void compare_processors(Score& score, const std::string& unit, const Json& all, const Smbios& ours) {
  constexpr unsigned kFilled = 1 << 6;
  std::vector<Json> wanted;
  for (const auto& one : all.is_array() ? all : Json::array()) {
    if ((one["Status"].get<unsigned>() & kFilled) != 0) wanted.push_back(one);
  }
  score.add({unit, "packages", Source::kUpstream, std::to_string(wanted.size()), std::to_string(ours.processors.size())});
  for (std::size_t i = 0; i < wanted.size() && i < ours.processors.size(); ++i) {
    const auto& one = ours.processors[i];
    score.add({unit, "cpu_model", Source::kUpstream, single_spaced(wanted[i]["ProcessorVersion"].get<std::string>()), one.model});
    score.add({unit, "cpu_mhz", Source::kUpstream, figure(wanted[i]["MaxSpeed"]), figure(one.max_mhz)});
    score.add({unit, "cpu_mhz", Source::kUpstream, figure(wanted[i]["CurrentSpeed"]), figure(one.current_mhz)});
    score.add({unit, "cores", Source::kUpstream, figure(wanted[i]["CoreCount"]), figure(one.cores)});
  }
}

void compare_modules(Score& score, const std::string& unit, const Json& all, const Smbios& ours) {
  std::uint64_t sum = 0;
  std::vector<Json> wanted;
  for (const auto& one : all.is_array() ? all : Json::array()) {
    const auto size = one["Size"].get<std::uint64_t>();
    sum += (size == 0x7fff ? one["ExtendedSize"].get<std::uint64_t>() : size) << 20;
    if (size != 0) wanted.push_back(one);
  }
  score.add({unit, "memory_bytes", Source::kUpstream, sum == 0 ? "unknown" : std::to_string(sum), figure(ours.installed_bytes())});
  score.add({unit, "memory_slots", Source::kUpstream, std::to_string(all.is_array() ? all.size() : 0), std::to_string(ours.slots)});
  score.add({unit, "memory_modules", Source::kUpstream, std::to_string(wanted.size()), std::to_string(ours.modules.size())});
  for (std::size_t i = 0; i < wanted.size() && i < ours.modules.size(); ++i) {
    const Json& runs = wanted[i]["ConfiguredMemorySpeed"];
    score.add({unit, "memory_mts", Source::kUpstream, figure(runs != 0 ? runs : wanted[i]["Speed"]), figure(ours.modules[i].speed_mts)});
    const int type = wanted[i]["MemoryType"];
    score.add({unit, "memory_type", Source::kUpstream,
               type == 24   ? "DDR3"
               : type == 26 ? "DDR4"
               : type == 34 ? "DDR5"
                            : "",
               ours.modules[i].type});
  }
}

}  // namespace

void score_smbios(const std::string& corpus, Score& score) {
  for (const auto& entry : std::filesystem::directory_iterator(corpus + "/siderolabs_go-smbios/smbios/testdata")) {
    if (entry.path().extension() != ".dmi") continue;
    const std::string unit = "smbios/" + entry.path().stem().string();
    std::filesystem::path sibling = entry.path();
    const Json wanted = Json::parse(text_of(sibling.replace_extension(".json").string()));
    const auto read = parse_smbios(text_of(entry.path().string()));
    if (!read) {
      score.fail(unit, read.error().what);
      continue;
    }
    const auto& system = wanted["SystemInformation"];
    score.add({unit, "system_maker", Source::kUpstream, system["Manufacturer"], read->value.manufacturer});
    score.add({unit, "system_product", Source::kUpstream, system["ProductName"], read->value.product});
    compare_processors(score, unit, wanted["ProcessorInformation"], read->value);
    compare_modules(score, unit, wanted["MemoryDevices"], read->value);
  }
}

}  // namespace capmap::support
