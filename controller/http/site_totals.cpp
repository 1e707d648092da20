#include "controller/http/site_totals.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace capmap {
namespace {

/// A sum, and of how many nodes it is.
struct Summed {
  TotalIndex sum, nodes;
  CellSumIndex column;
};
constexpr std::array kSummed = {Summed{kTotalCpuBusy, kTotalCpuBusyNodes, kSumCpuBusy},
                                Summed{kTotalMemoryUsed, kTotalMemoryUsedNodes, kSumMemoryUsed},
                                Summed{kTotalPower, kTotalPowerNodes, kSumPower}};
constexpr std::array kCounted = {std::pair{kTotalAcceleratorsUsed, kCountUsed}, std::pair{kTotalAcceleratorsFree, kCountFree},
                                 std::pair{kTotalAcceleratorsUseUnknown, kCountUseUnknown},
                                 std::pair{kTotalAcceleratorsUnhealthy, kCountUnhealthy}};
constexpr std::array<TotalIndex, kLivenessCount> kByLiveness = {kTotalResyncing, kTotalFresh, kTotalStale, kTotalLost};

void add_cell(const CellKeys& keys, const CellSums& sums, std::size_t i, Totals& totals) {
  const auto state = keys.state[i];
  const std::uint64_t nodes = keys.nodes[i];
  if (!counts_as_installed(service_of(state))) {
    totals[kTotalNotInstalled] += nodes;
    return;
  }
  totals[kTotalNodes] += nodes;
  totals[kByLiveness[static_cast<std::size_t>(liveness_of(state))]] += nodes;
  if (liveness_of(state) == Liveness::kFresh && service_of(state) == ServiceState::kInService) totals[kTotalAvailable] += nodes;
  if (verdict_of(state) == Verdict::kContradicted) totals[kTotalContradicted] += nodes;
  for (const auto& [total, column] : kCounted) {
    totals[total] += sums.count(column)[i];
    totals[kTotalAccelerators] += sums.count(column)[i];
  }
  for (const auto& summed : kSummed) {
    totals[summed.sum] += sums.sum(summed.column, i);
    totals[summed.nodes] += sums.known(summed.column, i, keys);
  }
}

/// Absent: there are nodes, and none of them says it.
std::optional<std::uint64_t> known(const Totals& totals, std::size_t i) {
  for (const auto& summed : kSummed) {
    if (summed.sum == i && totals[summed.nodes] == 0 && totals[kTotalNodes] != 0) return std::nullopt;
  }
  return totals[i];
}

}  // namespace

const std::array<const char*, kTotalCount> kTotalWords = {"nodes",
                                                          "resyncing",
                                                          "fresh",
                                                          "stale",
                                                          "lost",
                                                          "available",
                                                          "contradicted",
                                                          "accelerators",
                                                          "accelerators_used",
                                                          "accelerators_free",
                                                          "accelerators_use_unknown",
                                                          "accelerators_unhealthy",
                                                          "cpu_busy_millicores",
                                                          "cpu_busy_nodes",
                                                          "memory_used_mib",
                                                          "memory_used_nodes",
                                                          "power_watts",
                                                          "power_nodes",
                                                          "not_installed"};

std::vector<Totals> totals_by_site(const MapView& view) {
  std::vector<Totals> sites(view.sites.size());
  for (std::size_t block = 0; block < view.cells.block_count(); ++block) {
    const auto& keys = view.cells.keys(block);
    const auto& sums = view.cells.sums(block);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      if (keys.state[i] != kFreeSlot && keys.site(i) < sites.size()) add_cell(keys, sums, i, sites[keys.site(i)]);
    }
  }
  return sites;
}

Json totals_json(const Totals& totals, const Totals* before) {
  Json json = Json::object();
  for (std::size_t i = 0; i < kTotalCount; ++i) {
    const auto now = known(totals, i);
    if (before == nullptr || known(*before, i) != now) json[kTotalWords[i]] = now ? Json(*now) : Json(nullptr);
  }
  return json;
}

}  // namespace capmap
