// From folded columns to groups: who asks for a measure finds here what it says.
#include "controller/map/rollup.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "controller/map/cell_fold.hpp"

namespace capmap {
namespace {

/// The groups of a fold as readers get them.
class Groups {
 public:
  Groups(const Folded& folded, const Dictionaries& dictionaries, const Measures& measures, std::uint64_t now_boot_ms)
      : folded_(folded), dictionaries_(dictionaries), measures_(measures), now_boot_ms_(now_boot_ms) {
    model_counts_.resize(asked(Measure::kAcceleratorModels) ? dictionaries.figures().models.size() : 0);
    reason_counts_.resize(asked(Measure::kUnratedWhy) ? dictionaries.figures().reasons.size() : 0);
  }

  /// The sum of the groups at some places.
  RollupGroup sum_of(const std::vector<std::uint32_t>& places) {
    RollupGroup group;
    age_ = {};
    bits_ = {};
    for (const auto place : places) add(group, place);
    finish(group);
    return group;
  }

 private:
  struct Age {
    std::uint64_t heard_ms_sum = 0, oldest_ms = UINT64_MAX;
  };
  [[nodiscard]] bool asked(Measure measure) const { return measures_.test(static_cast<std::size_t>(measure)); }
  [[nodiscard]] std::uint64_t nodes(Scope scope, std::uint32_t place) const {
    const auto& column = folded_.nodes[static_cast<std::size_t>(scope)];
    return column.empty() ? 0 : column[place];
  }

  void add(RollupGroup& group, std::uint32_t place) {
    group.installed_nodes += nodes(Scope::kInstalled, place);
    group.healthy_nodes += nodes(Scope::kHealthy, place);
    group.available_nodes += nodes(Scope::kAvailable, place);
    for (std::size_t i = 0; i < kLivenessCount; ++i) {
      group.nodes_by_liveness[i] += nodes(static_cast<Scope>(static_cast<std::size_t>(Scope::kResyncing) + i), place);
    }
    const auto add_use = [&](Amount& amount, std::size_t column) {
      if (folded_.sum[column].empty()) return;
      amount.value += folded_.sum[column][place];
      amount.unknown += nodes(Scope::kAvailable, place) - folded_.known[column][place];
    };
    add_use(group.cpu_busy_millicores, kSumCpuBusy);
    add_use(group.cpu_free_millicores, kSumCpuFree);
    add_use(group.memory_used_mib, kSumMemoryUsed);
    add_use(group.memory_free_mib, kSumMemoryFree);
    add_use(group.power_watts, kSumPower);
    if (asked(Measure::kAcceleratorUse)) {
      group.accelerators_used += folded_.count[kCountUsed][place];
      group.accelerators_free += folded_.count[kCountFree][place];
      group.accelerators_use_unknown += folded_.count[kCountUseUnknown][place];
      group.accelerators_unhealthy += folded_.count[kCountUnhealthy][place];
    }
    for (std::size_t i = 0; i < kHistogramCount; ++i) {
      if (!folded_.buckets[i].empty()) bits_[i] |= folded_.buckets[i][place];
    }
    if (asked(Measure::kAge)) {
      age_.heard_ms_sum += folded_.heard_ms_sum[place];
      age_.oldest_ms = std::min(age_.oldest_ms, folded_.oldest_heard_ms[place]);
      group.age_known_nodes += folded_.count[kCountHeard][place];
    }
    add_hardware(group, place);
  }

  void add_hardware(RollupGroup& group, std::uint32_t place) {
    for (std::size_t k = 0; k < folded_.figures.size(); ++k) add_figure(group, folded_.wanted[k], folded_.figures[k][place]);
    const auto first =
        std::ranges::lower_bound(folded_.by_hardware, std::uint64_t{place} << 32, {}, [](const auto& entry) { return entry.first; });
    const auto& figures = dictionaries_.figures();
    for (auto at = first; at != folded_.by_hardware.end() && at->first >> 32 == place; ++at) {
      const auto hardware = static_cast<std::uint32_t>(at->first);
      const auto& row = figures.rows[hardware];
      for (const auto figure : folded_.wanted) {
        if (row[figure] != 0) add_figure(group, figure, static_cast<U128>(row[figure]) * at->second);
      }
      if (!model_counts_.empty()) {
        for (const auto& [model, devices] : figures.words[hardware].models) model_counts_[model] += devices * at->second;
      }
      if (!reason_counts_.empty()) {
        for (const auto& [reason, parts] : figures.words[hardware].reasons) reason_counts_[reason] += parts * at->second;
      }
    }
  }

  static void add_figure(RollupGroup& group, std::size_t figure, U128 amount) {
    const auto count = static_cast<std::uint64_t>(amount);
    if (figure >= kAcceleratorOffered) {
      group.accelerator_peak.offered[figure - kAcceleratorOffered] += count;
    } else if (figure >= kAcceleratorPeak) {
      group.accelerator_peak.mflops[figure - kAcceleratorPeak] += count;
    } else if (figure >= kCpuOffered) {
      group.cpu_peak.offered[figure - kCpuOffered] += count;
    } else if (figure >= kCpuPeak) {
      group.cpu_peak.mflops[figure - kCpuPeak] += count;
    } else if (figure >= kStorageBytes && figure < kStorageUnknown) {
      group.storage_bytes.value += amount;
      group.storage_bytes_by_media[figure - kStorageBytes] += amount;
    } else {
      add_plain(group, figure, amount);
    }
  }

  static void add_plain(RollupGroup& group, std::size_t figure, U128 amount) {
    const auto count = static_cast<std::uint64_t>(amount);
    switch (figure) {
      case kPackages: group.packages += count; return;
      case kCores: group.cores += count; return;
      case kPus: group.pus += count; return;
      case kMemoryBytes: group.memory_bytes.value += amount; return;
      case kMemoryUnknown: group.memory_bytes.unknown += count; return;
      case kAccelerators: group.accelerators += count; return;
      case kStorageUnknown: group.storage_bytes.unknown += count; return;
      case kNics: group.nics += count; return;
      case kNicMbps: group.nic_mbps += amount; return;
      case kNicUnknown: group.nic_speed_unknown += count; return;
      case kRated: group.rated_accelerators += count; return;
      case kUnratedPackages: group.unrated_packages += count; return;
      case kUnratedAccelerators: group.unrated_accelerators += count; return;
      case kUnratedNodes: group.unrated_nodes += count; return;
      default: group.hardware_unknown_nodes += count; return;
    }
  }

  /// The least value of the highest bucket that is not empty.
  static std::uint32_t floor_of(std::uint32_t bits) {
    const auto bucket = static_cast<unsigned>(std::bit_width(bits));  // one more than its number
    return bucket <= 1 ? 0 : std::uint32_t{1} << (bucket - 2);
  }

  template <class Text>
  static void hand_over(std::vector<std::uint64_t>& counts, const std::vector<Text>& texts, std::map<Text, std::uint64_t>& into) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] > 0) into[texts[i]] = std::exchange(counts[i], 0);
    }
  }

  void finish(RollupGroup& group) {
    hand_over(model_counts_, dictionaries_.figures().models, group.accelerators_by_model);
    hand_over(reason_counts_, dictionaries_.figures().reasons, group.unrated_why);
    if (group.age_known_nodes > 0) {
      group.age_mean_ms = now_boot_ms_ - std::min(now_boot_ms_, age_.heard_ms_sum / group.age_known_nodes);
      group.age_max_ms = now_boot_ms_ - std::min(now_boot_ms_, age_.oldest_ms);
    }
    group.largest_free_cores = floor_of(bits_[kFreeCores]);
    group.largest_free_memory_gib = floor_of(bits_[kFreeMemory]);
    const auto devices = static_cast<std::uint32_t>(std::bit_width(bits_[kFreeAccelerators]));
    group.largest_free_accelerators = devices == 0 ? 0 : devices - 1;
  }

  const Folded& folded_;
  const Dictionaries& dictionaries_;
  Measures measures_;
  std::uint64_t now_boot_ms_;
  Age age_;
  std::array<std::uint32_t, kHistogramCount> bits_{};
  std::vector<std::uint64_t> model_counts_, reason_counts_;
};

}  // namespace

Rollup roll_up_query(const MapView& view, const RollupQuery& query, std::uint64_t now_boot_ms) {
  // A view that was made by hand has no dictionaries.
  const auto dictionaries =
      view.dictionaries ? view.dictionaries : std::make_shared<const Dictionaries>(view.sites, view.pools, view.hardware);
  Grouping grouping(*dictionaries, query.by);
  std::optional<CellFilter> filter;
  if (query.filter) filter.emplace(*query.filter, *dictionaries);
  const auto folded = fold_cells(view.cells, *dictionaries, filter ? &*filter : nullptr, query.measures, grouping);
  const auto places = grouping.ordered();
  Groups groups(folded, *dictionaries, query.measures, now_boot_ms);
  Rollup rollup{.by = query.by, .groups = {}, .group_count = places.size(), .total = groups.sum_of(places)};
  const auto first = std::min(query.first, places.size());
  const auto last = first + std::min(query.limit, places.size() - first);
  rollup.groups.reserve(last - first);
  for (auto i = first; i < last; ++i) {
    rollup.groups.push_back(groups.sum_of({places[i]}));
    rollup.groups.back().key = grouping.texts(places[i]);
  }
  return rollup;
}

Rollup roll_up(const MapView& view, const std::vector<Dimension>& by, std::uint64_t now_boot_ms) {
  return roll_up_query(view, RollupQuery{.by = by, .filter = std::nullopt}, now_boot_ms);
}

}  // namespace capmap
