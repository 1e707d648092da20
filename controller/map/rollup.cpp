// From folded columns to groups: who asks for a measure finds here what it says.
#include "controller/map/rollup.hpp"

#include <algorithm>
#include <optional>

#include "common/check.hpp"
#include "controller/map/cell_fold.hpp"
#include "controller/map/group_figures.hpp"

namespace capmap {
namespace {

/// The groups of a fold as readers get them.
class Groups {
 public:
  Groups(const Folded& folded, const HardwareFigures& figures, std::uint64_t now_boot_ms)
      : folded_(folded), figures_(figures), now_boot_ms_(now_boot_ms) {}

  [[nodiscard]] RollupGroup at(std::size_t place) const {
    RollupGroup group;
    fill(group, place);
    return group;
  }
  /// A group that says nothing yet.
  void fill(RollupGroup& group, std::size_t place) const {
    add_nodes(group, place);
    add_use(group, place);
    add_age(group, place);
    const auto& wanted = folded_.plan.figures;
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      const auto low = folded_.figure_low[place * wanted.size() + k], high = folded_.figure_high[place * wanted.size() + k];
      if (low != 0 || high != 0) add_figure(group, wanted[k], (static_cast<U128>(high) << 32) + low);
    }
    hand_over(folded_.models, figures_.models, place, group.accelerators_by_model);
    hand_over(folded_.reasons, figures_.reasons, place, group.unrated_why);
  }

 private:
  [[nodiscard]] std::uint64_t sum(std::size_t place, std::size_t slot) const { return folded_.sums[place * folded_.slots + slot].sum(); }

  void add_nodes(RollupGroup& group, std::size_t place) const {
    const auto& plan = folded_.plan;
    if (plan.installed) group.installed_nodes = sum(place, 0);
    if (plan.hardware_unknown) group.hardware_unknown_nodes = sum(place, plan.hardware_unknown_slot);
    for (std::size_t liveness = 0; plan.nodes && liveness < kLivenessCount; ++liveness) {
      const auto in_service = sum(place, liveness * 2 + 1), nodes = sum(place, liveness * 2) + in_service;
      group.installed_nodes += nodes;
      group.nodes_by_liveness[liveness] = nodes;
      const auto as = static_cast<Liveness>(liveness);
      if (as == Liveness::kFresh || as == Liveness::kStale) group.healthy_nodes += nodes;
      if (as == Liveness::kFresh) group.available_nodes = in_service;
    }
  }

  void add_use(RollupGroup& group, std::size_t place) const {
    const auto& plan = folded_.plan;
    for (const auto& use : plan.sums) {
      const Amount amount{.value = (static_cast<U128>(sum(place, use.high)) << 32) + sum(place, use.low),
                          .unknown = sum(place, use.unknown)};
      switch (use.column) {
        case kSumCpuBusy: group.cpu_busy_millicores = amount; break;
        case kSumCpuFree: group.cpu_free_millicores = amount; break;
        case kSumMemoryUsed: group.memory_used_mib = amount; break;
        case kSumMemoryFree: group.memory_free_mib = amount; break;
        case kSumStorageUsed: group.storage_used_mb = amount; break;
        case kSumStorageFree: group.storage_free_mb = amount; break;
        case kSumNetworkReceive: group.receive_kbps = amount; break;
        case kSumNetworkTransmit: group.transmit_kbps = amount; break;
        default: group.power_watts = amount; break;
      }
    }
    for (const auto& count : plan.counts) {
      const auto nodes = sum(place, count.slot);
      switch (count.column) {
        case kCountUsed: group.accelerators_used = nodes; break;
        case kCountFree: group.accelerators_free = nodes; break;
        case kCountUseUnknown: group.accelerators_use_unknown = nodes; break;
        default: group.accelerators_unhealthy = nodes; break;
      }
    }
    for (std::size_t slot = 0; slot < plan.tops.size(); ++slot) {
      const unsigned top = std::ranges::max(folded_.tops[place * folded_.top_slots + slot].of);
      if (plan.tops[slot] == kFreeCores) group.largest_free_cores = floor_of(top);
      if (plan.tops[slot] == kFreeMemory) group.largest_free_memory_gib = floor_of(top);
      if (plan.tops[slot] == kFreeAccelerators) group.largest_free_accelerators = top == 0 ? 0 : top - 1;
    }
  }

  void add_age(RollupGroup& group, std::size_t place) const {
    if (!folded_.plan.age) return;
    group.age_known_nodes = sum(place, folded_.plan.heard_nodes_slot);
    if (group.age_known_nodes == 0) return;
    const auto mean_ms = sum(place, folded_.plan.heard_slot) / group.age_known_nodes;
    const auto oldest_ms = std::ranges::min(folded_.sums[place * folded_.slots + folded_.plan.oldest_slot].of);
    group.age_mean_ms = now_boot_ms_ - std::min(now_boot_ms_, mean_ms);
    group.age_max_ms = now_boot_ms_ - std::min(now_boot_ms_, oldest_ms);
  }

  /// The least value of the highest bucket that is not empty; `top` is one more than its number.
  static std::uint32_t floor_of(unsigned top) { return top <= 1 ? 0 : std::uint32_t{1} << (top - 2); }

  template <class Text>
  static void hand_over(const std::vector<std::uint64_t>& counts, const std::vector<Text>& texts, std::size_t place,
                        std::map<Text, std::uint64_t>& into) {
    if (counts.empty()) return;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (const auto count = counts[place * texts.size() + i]; count > 0) into[texts[i]] = count;
    }
  }

  const Folded& folded_;
  const HardwareFigures& figures_;
  std::uint64_t now_boot_ms_;
};

/// What is on all nodes less what is on some of them.
HardwareSums without(HardwareSums all, const RollupGroup& some) {
  all.packages -= some.packages;
  all.cores -= some.cores;
  all.pus -= some.pus;
  all.accelerators -= some.accelerators;
  all.memory_bytes.value -= some.memory_bytes.value;
  all.memory_bytes.unknown -= some.memory_bytes.unknown;
  for (const auto& [left, gone] : {std::pair{&all.cpu_peak, &some.cpu_peak}, std::pair{&all.accelerator_peak, &some.accelerator_peak}}) {
    for (std::size_t i = 0; i < kPrecisionCount; ++i) {
      left->mflops[i] -= gone->mflops[i];
      left->offered[i] -= gone->offered[i];
    }
    left->rpeak_mflops -= gone->rpeak_mflops;
    left->rpeak_offered -= gone->rpeak_offered;
  }
  return all;
}

/// Puts what one part of the nodes has beside what is installed.
void put_part(RollupGroup& group, RollupGroup of_part, FoldPart part) {
  switch (part) {
    case FoldPart::kUnhealthy: group.healthy = without(hardware_of(group), of_part); return;
    case FoldPart::kUnavailable: group.available = without(hardware_of(group), of_part); return;
    case FoldPart::kUsedDevices: group.used_by_model = std::move(of_part.accelerators_by_model); return;
    default:
      group.free_by_model = std::move(of_part.accelerators_by_model);
      group.free_peak = of_part.accelerator_peak;
      return;
  }
}

/// Of the measures that are asked for, those a part is told by.
Measures measures_of(FoldPart part, const Measures& asked) {
  Measures wanted;
  if (!asked.test(static_cast<std::size_t>(Measure::kHealth))) return wanted;
  const auto peaks_until = [&wanted](std::size_t end) {
    for (auto i = static_cast<std::size_t>(Measure::kPeakFp64); i < end; ++i) wanted.set(i);
  };
  if (part == FoldPart::kUsedDevices || part == FoldPart::kFreeDevices) {
    wanted.set(static_cast<std::size_t>(Measure::kAcceleratorModels));
    if (part == FoldPart::kFreeDevices) peaks_until(kRpeakBit);
  } else {
    for (const auto measure : {Measure::kCpu, Measure::kMemory, Measure::kAccelerators}) wanted.set(static_cast<std::size_t>(measure));
    peaks_until(kRpeakBit + 1);
  }
  return wanted & asked;
}

}  // namespace

std::shared_ptr<const Dictionaries> dictionaries_of(const MapView& view) {
  return view.dictionaries ? view.dictionaries
                           : std::make_shared<const Dictionaries>(view.sites, view.pools, view.hardware, nullptr, view.regions);
}

Rollup roll_up_query(const MapView& view, const RollupQuery& query, std::uint64_t now_boot_ms) {
  const auto dictionaries = dictionaries_of(view);
  const Grouping grouping(*dictionaries, query.by);
  std::optional<CellFilter> filter;
  if (query.filter) filter.emplace(*query.filter, *dictionaries);
  Rollup rollup{.by = query.by, .groups = {}, .group_count = 0, .total = {}};
  for (auto first = query.first;;) {
    const auto left = query.limit - rollup.groups.size();
    const auto folded =
        fold_cells(view.cells, *dictionaries, filter ? &*filter : nullptr, query.measures, grouping, first, std::min(left, kMostWanted));
    const Groups groups(folded, dictionaries->figures(), now_boot_ms);
    rollup.group_count = folded.group_count;
    rollup.total = groups.at(0);
    rollup.groups.reserve(rollup.groups.size() + folded.places.size());
    for (std::size_t i = 0; i < folded.places.size(); ++i) {
      groups.fill(rollup.groups.emplace_back(), folded.places[i]);
      rollup.groups.back().key = grouping.texts(folded.numbers[i]);
    }
    for (const auto part : {FoldPart::kUnhealthy, FoldPart::kUnavailable, FoldPart::kUsedDevices, FoldPart::kFreeDevices}) {
      const auto measures = measures_of(part, query.measures);
      if (measures.none()) continue;
      const auto some =
          fold_cells(view.cells, *dictionaries, filter ? &*filter : nullptr, measures, grouping, first, std::min(left, kMostWanted), part);
      check(some.numbers == folded.numbers, "parts of a rollup have other groups than the whole");
      const Groups of_part(some, dictionaries->figures(), now_boot_ms);
      put_part(rollup.total, of_part.at(0), part);
      auto* const groups_now = rollup.groups.data() + rollup.groups.size() - folded.places.size();
      for (std::size_t i = 0; i < some.places.size(); ++i) put_part(groups_now[i], of_part.at(some.places[i]), part);
    }
    first += folded.places.size();
    if (folded.places.empty() || first >= rollup.group_count || rollup.groups.size() >= query.limit) return rollup;
  }
}

std::vector<std::vector<std::string>> group_keys(const MapView& view, const std::vector<Dimension>& by,
                                                 const std::optional<FilterNode>& filter) {
  const auto dictionaries = dictionaries_of(view);
  const Grouping grouping(*dictionaries, by);
  std::optional<CellFilter> cells;
  if (filter) cells.emplace(*filter, *dictionaries);
  const auto measures = Measures().set(static_cast<std::size_t>(Measure::kNodes));
  std::vector<std::vector<std::string>> keys;
  for (;;) {
    const auto folded = fold_cells(view.cells, *dictionaries, cells ? &*cells : nullptr, measures, grouping, keys.size(), kMostWanted);
    for (const auto number : folded.numbers) keys.push_back(grouping.texts(number));
    if (folded.numbers.empty() || keys.size() >= folded.group_count) return keys;
  }
}

Rollup roll_up(const MapView& view, const std::vector<Dimension>& by, std::uint64_t now_boot_ms) {
  return roll_up_query(view, RollupQuery{.by = by, .filter = std::nullopt}, now_boot_ms);
}

}  // namespace capmap
