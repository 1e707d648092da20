#include "controller/map/imbalance.hpp"

#include <algorithm>
#include <initializer_list>

namespace capmap {
namespace {

constexpr std::uint64_t kMillicores = 1'000, kBytesPerMib = 1ULL << 20;

Measures measures_of_rows() {
  Measures measures;
  for (const auto measure :
       {Measure::kNodes, Measure::kCpu, Measure::kCpuUse, Measure::kMemory, Measure::kMemoryUse, Measure::kAccelerators,
        Measure::kAcceleratorUse, Measure::kHealth, Measure::kAge, Measure::kUnrated, Measure::kPeakFp32, Measure::kPeakFp16}) {
    measures.set(static_cast<std::size_t>(measure));
  }
  measures.set(kRpeakBit);
  return measures;
}

/// A sum that is 0 only because nobody could say is not known.
std::optional<U128> known_sum(U128 sum, std::uint64_t unknown) {
  return sum == 0 && unknown > 0 ? std::nullopt : std::optional(sum);
}

/// Of available nodes; not known where none of them told it.
std::optional<U128> told(const RollupGroup& group, const Amount& amount) {
  return group.available_nodes > amount.unknown ? std::optional(amount.value) : std::nullopt;
}

std::optional<U128> told_devices(const RollupGroup& group, std::uint64_t count) {
  const bool any_told = group.accelerators_used + group.accelerators_free + group.accelerators_unhealthy > 0;
  const bool none_there = group.accelerators == 0 && group.hardware_unknown_nodes == 0;
  const bool all_told = group.accelerators > 0 && group.accelerators_use_unknown == 0 && group.available_nodes > 0;
  return any_told || none_there || all_told ? std::optional(U128{count}) : std::nullopt;
}

/// Rates of CPUs and accelerators at one precision: not known where no part has one.
SideBySide<U128> peaks(const RollupGroup& group, std::uint64_t (*rate)(const RatedPeak&), std::uint64_t (*offered)(const RatedPeak&)) {
  const auto sum = [](const RatedPeak& cpu, const RatedPeak& accelerators, std::uint64_t (*of)(const RatedPeak&)) {
    return U128{of(cpu)} + of(accelerators);
  };
  if (sum(group.cpu_peak, group.accelerator_peak, offered) == 0) return {};
  return {sum(group.cpu_peak, group.accelerator_peak, rate), sum(group.available.cpu_peak, group.available.accelerator_peak, rate), {}, {}};
}

template <Precision P>
SideBySide<U128> peaks_at(const RollupGroup& group) {
  return peaks(
      group, [](const RatedPeak& peak) { return peak.mflops[static_cast<std::size_t>(P)]; },
      [](const RatedPeak& peak) { return peak.offered[static_cast<std::size_t>(P)]; });
}

SideBySide<U128> amounts(Resource resource, const RollupGroup& group) {
  const auto& there = group.available;
  const auto no_hardware = group.hardware_unknown_nodes;
  switch (resource) {
    case Resource::kNodes: return {group.installed_nodes, group.available_nodes, {}, {}};
    case Resource::kCores: return {known_sum(group.cores, no_hardware), known_sum(there.cores, no_hardware), {}, {}};
    case Resource::kCpu:
      return {known_sum(U128{group.pus} * kMillicores, no_hardware), known_sum(U128{there.pus} * kMillicores, no_hardware),
              told(group, group.cpu_busy_millicores), told(group, group.cpu_free_millicores)};
    case Resource::kMemory: {
      const auto bytes = [](const std::optional<U128>& mib) { return mib ? std::optional(*mib * kBytesPerMib) : std::nullopt; };
      const auto unknown = group.memory_bytes.unknown + no_hardware;
      return {known_sum(group.memory_bytes.value, unknown), known_sum(there.memory_bytes.value, unknown),
              bytes(told(group, group.memory_used_mib)), bytes(told(group, group.memory_free_mib))};
    }
    case Resource::kAccelerators: {
      // What is not healthy is told by available nodes alone.
      const U128 healthy = there.accelerators - std::min(there.accelerators, group.accelerators_unhealthy);
      return {known_sum(group.accelerators, no_hardware), known_sum(healthy, no_hardware), told_devices(group, group.accelerators_used),
              told_devices(group, group.accelerators_free)};
    }
    case Resource::kRpeak:
      return peaks(
          group, [](const RatedPeak& peak) { return peak.rpeak_mflops; }, [](const RatedPeak& peak) { return peak.rpeak_offered; });
    case Resource::kFp32: return peaks_at<Precision::kFp32>(group);
    default: return peaks_at<Precision::kFp16>(group);
  }
}

std::optional<std::uint32_t> permille_of(const std::optional<U128>& part, const std::optional<U128>& whole) {
  if (!part || !whole || *whole == 0) return std::nullopt;
  return static_cast<std::uint32_t>((*part * 1'000 + *whole / 2) / *whole);
}

std::array<std::uint64_t, kLeftOutCount> left_out(const RollupGroup& group) {
  const auto of = [&group](Liveness liveness) { return group.nodes_by_liveness[static_cast<std::size_t>(liveness)]; };
  const auto without = [&group](std::uint64_t offered) { return group.rated_accelerators - std::min(group.rated_accelerators, offered); };
  const auto offered = [&group](Precision precision) { return group.accelerator_peak.offered[static_cast<std::size_t>(precision)]; };
  return {of(Liveness::kStale),
          of(Liveness::kLost),
          of(Liveness::kResyncing),
          of(Liveness::kFresh) - group.available_nodes,
          group.hardware_unknown_nodes,
          group.memory_bytes.unknown,
          std::max(group.cpu_busy_millicores.unknown, group.cpu_free_millicores.unknown),
          std::max(group.memory_used_mib.unknown, group.memory_free_mib.unknown),
          group.accelerators_use_unknown,
          group.accelerators_unhealthy,
          group.unrated_packages,
          group.unrated_accelerators,
          without(group.accelerator_peak.rpeak_offered),
          without(offered(Precision::kFp32)),
          without(offered(Precision::kFp16))};
}

ImbalanceRow row_of(const RollupGroup& group) {
  ImbalanceRow row;
  row.key = group.key;
  for (std::size_t i = 0; i < kResourceCount; ++i) {
    auto& resource = row.resources[i];
    resource.amount = amounts(static_cast<Resource>(i), group);
    const auto &used = resource.amount[kSideUsed], &free = resource.amount[kSideFree];
    if (used && free) resource.used_permille = permille_of(used, *used + *free);
  }
  row.left_out = left_out(group);
  row.installed_nodes = group.installed_nodes;
  row.age_mean_ms = group.age_mean_ms;
  row.age_max_ms = group.age_max_ms;
  row.age_known_nodes = group.age_known_nodes;
  row.stale_permille = group.stale_permille();
  row.unknown_permille = group.unknown_permille();
  row.unrated_permille = group.unrated_permille();
  return row;
}

void set_shares(ImbalanceRow& row, const ImbalanceRow& total) {
  for (std::size_t i = 0; i < kResourceCount; ++i) {
    for (std::size_t side = 0; side < kSideWords.size(); ++side) {
      row.resources[i].share_permille[side] = permille_of(row.resources[i].amount[side], total.resources[i].amount[side]);
    }
  }
}

/// What the filter keeps and is not installed.
void count_not_installed(const MapView& view, const std::optional<FilterNode>& filter, Imbalance& found) {
  std::optional<CellFilter> cells;
  if (filter) cells.emplace(*filter, *dictionaries_of(view));
  std::array<std::uint8_t, kBlockCells> keep{};
  for (std::size_t block = 0; block < view.cells.block_count(); ++block) {
    const auto& keys = view.cells.keys(block);
    bool judged = false;
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      if (keys.state[i] == kFreeSlot || counts_as_installed(service_of(keys.state[i]))) continue;
      if (cells && !judged) cells->judge(keys, keep);
      judged = true;
      if (cells && keep[i] == 0) continue;
      switch (service_of(keys.state[i])) {
        case ServiceState::kQuarantined: found.quarantined_nodes += keys.nodes[i]; break;
        case ServiceState::kRetired: found.retired_nodes += keys.nodes[i]; break;
        default: found.nodes_counted_elsewhere += keys.nodes[i]; break;
      }
    }
  }
}

}  // namespace

const std::vector<ImbalanceKind>& imbalance_kinds() {
  static const std::vector<ImbalanceKind> all = {
      {"owner", "How much does each class of owners have, and how much of that is used?", {Dimension::kOwnerClass}},
      {"class",
       "What is there of each compute class and accelerator model, at which precision, and how much of it is used?",
       {Dimension::kComputeClass, Dimension::kAcceleratorModel}},
      {"use", "How much of what is installed in each division is available, used and free?", {Dimension::kRegion2}},
      {"scenario",
       "Which service and industry does capacity stand ready for, and where is it used?",
       {Dimension::kService, Dimension::kIndustry}},
      {"architecture",
       "Which CPU architectures and accelerator vendors does capacity come from?",
       {Dimension::kArchitecture, Dimension::kAcceleratorVendor}},
      {"security", "How much capacity is declared at each level of classified protection?", {Dimension::kSecurityLevel}}};
  return all;
}

const ImbalanceKind* find_imbalance(std::string_view name) {
  const auto& all = imbalance_kinds();
  const auto found = std::ranges::find(all, name, [](const ImbalanceKind& kind) { return std::string_view(kind.name); });
  return found == all.end() ? nullptr : &*found;
}

Imbalance imbalance_of(const MapView& view, const ImbalanceKind& kind, const std::optional<FilterNode>& filter, std::uint64_t now_boot_ms,
                       std::size_t first, std::size_t limit) {
  const RollupQuery query{.by = kind.by, .filter = filter, .measures = measures_of_rows(), .first = first, .limit = limit};
  const auto rollup = roll_up_query(view, query, now_boot_ms);
  Imbalance found;
  found.row_count = rollup.group_count;
  found.total = row_of(rollup.total);
  set_shares(found.total, found.total);
  found.rows.reserve(rollup.groups.size());
  for (const auto& group : rollup.groups) {
    found.rows.push_back(row_of(group));
    set_shares(found.rows.back(), found.total);
  }
  count_not_installed(view, filter, found);
  return found;
}

}  // namespace capmap
