#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "controller/find/demand.hpp"
#include "controller/map/rollup.hpp"
#include "tests/bench/map_fleet.hpp"

namespace capmap::test {

/// What the grammar makes must be understood: filters know their words.
inline FilterNode parsed_filter(const std::string& text) {
  auto filter = parse_filter(text);
  if (!filter) throw std::runtime_error(text + ": " + filter.error().what);
  return std::move(*filter);
}

/// Questions from a grammar, by a seed; filters have constants that have not been asked for before.
class Questions {
 public:
  explicit Questions(std::uint64_t seed) : engine_(seed) {}
  std::size_t roll(std::size_t below) { return engine_() % below; }
  std::string filter() {
    std::string text = roll(4) == 0 ? nested() : test();
    for (auto more = roll(3); more > 0; --more) text += (roll(2) == 0 ? " and " : " or ") + (roll(6) == 0 ? nested() : test());
    return text;
  }
  RollupQuery of(std::vector<Dimension> by, Measures measures, const std::string& text) {
    RollupQuery query{.by = std::move(by), .filter = std::nullopt, .measures = measures, .first = 0, .limit = 1'000};
    if (!text.empty()) query.filter = parsed_filter(text);
    return query;
  }
  /// One measure, two dimensions, a filter.
  RollupQuery random() {
    const auto first = roll(kDimensionCount), second = (first + 1 + roll(kDimensionCount - 1)) % kDimensionCount;
    return of({static_cast<Dimension>(first), static_cast<Dimension>(second)}, Measures().set(roll(kMeasureCount)), filter());
  }
  /// What somebody might need tomorrow: some devices on each of some nodes, with a condition or two.
  Demand demand() {
    Demand wanted;
    wanted.nodes = static_cast<std::uint32_t>(1 + roll(64));
    wanted.together = static_cast<Together>(roll(3));
    if (roll(5) == 0) {
      wanted.cores = static_cast<std::uint32_t>(1 + roll(96));
      wanted.memory_gib = static_cast<std::uint32_t>(roll(512));
    } else {
      wanted.accelerators = static_cast<std::uint32_t>(1 + roll(8));
    }
    if (roll(3) == 0) wanted.kind = roll(2) == 0 ? "gpu" : "npu";
    if (roll(3) == 0) wanted.device_memory_gib = static_cast<std::uint32_t>(16 + roll(80));
    if (roll(3) == 0) wanted.precision = Precision::kFp16;
    if (roll(3) == 0) wanted.region = std::to_string(11 + roll(34));
    if (roll(4) == 0) wanted.rdma = true;
    if (roll(4) == 0) wanted.owner_class = roll(2) == 0 ? "private" : "government";
    if (roll(4) == 0) wanted.filter = parsed_filter(filter());
    return wanted;
  }

 private:
  std::string nested() {
    const std::string word = roll(3) == 0 ? "not " : "";
    return word + "(" + test() + (roll(2) == 0 ? " and " : " or ") + "(" + test() + (roll(2) == 0 ? " and not " : " or ") + test() + "))";
  }
  std::string number(std::size_t below) { return std::to_string(roll(below)); }
  std::string test() {
    switch (roll(14)) {
      case 0: return "cores >= " + number(200);
      case 1: return "region prefix " + std::to_string(11 + roll(34)) + number(10);
      case 2: return "not site in (\"site " + number(kSites) + "\", \"site " + number(kSites) + "\")";
      case 3: return "has(accelerator kind = gpu count >= " + number(9) + ")";
      case 4: return "(liveness != lost and memory_gib < " + std::to_string(64 + roll(4'000)) + ")";
      case 5: return "security_level <= " + number(6);
      case 6: return std::string("owner_class in (private, ") + (roll(2) == 0 ? "government" : "state-owned") + ")";
      case 7: return "cpu_model prefix \"Intel(R) Xeon(R) " + std::string(roll(2) == 0 ? "Gold " : "Platinum ") + number(10) + "\"";
      case 8: return "hub != \"declared hub " + number(4) + "\"";
      case 9: return "cores in (" + number(200) + ", " + number(200) + ", 112, 128)";
      case 10: return "security_level in (" + number(6) + ", " + number(6) + ")";
      case 11: return "industry = \"industry " + number(14) + "\"";
      case 12: return "pool " + std::string(roll(2) == 0 ? "=" : "!=") + " batch";
      default: return "has(accelerator vendor = nvidia memory_gib >= " + number(100) + ")";
    }
  }
  std::mt19937_64 engine_;
};

}  // namespace capmap::test
