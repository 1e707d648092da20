#include "controller/map/fold_plan.hpp"

#include <algorithm>
#include <initializer_list>

namespace capmap {
namespace {

void keep_without_hardware(const CellKeys& keys, ColumnBlock<std::uint32_t>& scratch) {
  for (std::size_t i = 0; i < kBlockCells; ++i) scratch[i] = keys.hardware[i] == kNoHardware ? keys.nodes[i] : 0;
}

}  // namespace

FoldPlan::FoldPlan(const Measures& measures, FoldPart of) : part(of) {
  const auto asked = [&measures](Measure measure) { return measures.test(static_cast<std::size_t>(measure)); };
  nodes = hardware_unknown = asked(Measure::kNodes);
  installed = asked(Measure::kUnrated) && !nodes;
  slots = nodes ? kLivenessCount * 2 : installed ? 1 : 0;
  if (hardware_unknown) hardware_unknown_slot = slots++;
  const auto use = [&](Measure measure, std::initializer_list<std::size_t> columns, std::initializer_list<std::size_t> largest) {
    if (!asked(measure)) return;
    for (const auto column : columns) {
      sums.push_back({.column = column, .low = slots, .high = slots + 1, .unknown = slots + 2});
      slots += 3;
    }
    tops.insert(tops.end(), largest);
  };
  use(Measure::kCpuUse, {kSumCpuBusy, kSumCpuFree}, {kFreeCores});
  use(Measure::kMemoryUse, {kSumMemoryUsed, kSumMemoryFree}, {kFreeMemory});
  use(Measure::kStorageUse, {kSumStorageUsed, kSumStorageFree}, {});
  use(Measure::kNetworkUse, {kSumNetworkReceive, kSumNetworkTransmit}, {});
  use(Measure::kPower, {kSumPower}, {});
  use(Measure::kAcceleratorUse, {}, {kFreeAccelerators});
  if (asked(Measure::kAcceleratorUse)) {
    for (const auto column : {kCountUsed, kCountFree, kCountUseUnknown, kCountUnhealthy}) counts.push_back({column, slots++});
  }
  age = asked(Measure::kAge);
  if (age) {
    heard_nodes_slot = slots++;
    heard_slot = slots++;
    oldest_slot = slots++;
  }
  models = asked(Measure::kAcceleratorModels);
  if (devices()) ++slots;  // a sum of nothing: a group of which no device counts is still a group
  reasons = asked(Measure::kUnratedWhy);
  const auto want = [&](Measure measure, std::initializer_list<int> wanted) {
    if (!asked(measure)) return;
    for (const int figure : wanted) figures.push_back(static_cast<HardwareFigure>(figure));
  };
  want(Measure::kCpu, {kPackages, kCores, kPus});
  want(Measure::kMemory, {kMemoryBytes, kMemoryUnknown});
  want(Measure::kAccelerators, {kAccelerators});
  want(Measure::kStorage, {kStorageBytes, kStorageBytes + 1, kStorageBytes + 2, kStorageBytes + 3, kStorageBytes + 4, kStorageUnknown});
  want(Measure::kNetwork, {kNics, kNicMbps, kNicUnknown, kRdmaNics});
  want(Measure::kUnrated, {kUnratedPackages, kUnratedAccelerators, kUnratedNodes});
  for (std::size_t i = 0; i < kPrecisionCount; ++i) {
    const auto at = static_cast<int>(i);
    const auto peak = static_cast<Measure>(static_cast<std::size_t>(Measure::kPeakFp64) + i);
    if (devices()) {
      want(peak, {kDevicePeak + at, kDeviceOffered + at});
    } else {
      want(peak, {kCpuPeak + at, kCpuOffered + at, kAcceleratorPeak + at, kAcceleratorOffered + at});
    }
  }
  if (measures.test(kRpeakBit)) figures.insert(figures.end(), {kCpuRpeak, kCpuRpeakOffered, kAcceleratorRpeak, kAcceleratorRpeakOffered});
  const bool any_peak = (measures >> static_cast<std::size_t>(Measure::kPeakFp64)).any();
  if (any_peak && !devices()) figures.push_back(kRated);
}

StateFacts FoldPlan::facts_of(std::size_t state) const {
  StateFacts facts;
  const auto service = service_of(state);
  if (state == kFreeSlot || !counts_as_installed(service)) return facts;
  const auto liveness = liveness_of(state);
  const bool in_service = service == ServiceState::kInService;
  facts.installed = true;
  facts.available = liveness == Liveness::kFresh && in_service;
  if (part == FoldPart::kUnhealthy) facts.installed = liveness != Liveness::kFresh && liveness != Liveness::kStale;
  if (part == FoldPart::kUnavailable) facts.installed = !facts.available;
  if (devices()) facts.installed = facts.available;
  if (nodes) facts.nodes_slot = static_cast<std::int8_t>(static_cast<std::size_t>(liveness) * 2 + (in_service ? 1 : 0));
  if (installed) facts.nodes_slot = 0;
  return facts;
}

void FoldPlan::use_columns(const CellKeys& keys, const CellSums& sums_of, ColumnBlock<std::uint32_t>& scratch, BlockColumns& out) const {
  out.keys = &keys;
  out.available.clear();
  out.installed.clear();
  out.tops.clear();
  for (const auto& sum : sums) {
    const auto known = sums_of.known_nodes[sum.column];
    if (known != KnownNodes::kAll) {
      out.available.push_back({keys.nodes.data(), known == KnownNodes::kNone ? nullptr : sums_of.known(sum.column).data(), sum.unknown});
    }
    if (known == KnownNodes::kNone) continue;
    out.available.push_back({sums_of.low(sum.column).data(), nullptr, sum.low});
    if (sums_of.has_high(sum.column)) out.available.push_back({sums_of.high(sum.column).data(), nullptr, sum.high});
  }
  for (const auto& count : counts) {
    if (!sums_of.is_zero(kNarrowCount + count.column)) out.available.push_back({sums_of.count(count.column).data(), nullptr, count.slot});
  }
  for (const auto top : tops) out.tops.push_back(sums_of.top(top).data());
  if (hardware_unknown && sums_of.without_hardware) {
    keep_without_hardware(keys, scratch);
    out.installed.push_back({scratch.data(), nullptr, hardware_unknown_slot});
  }
  if (!age) return;
  const bool all_heard = sums_of.known_nodes[kKnownHeard] == KnownNodes::kAll;
  out.installed.push_back({all_heard ? keys.nodes.data() : sums_of.known(kKnownHeard).data(), nullptr, heard_nodes_slot});
  out.heard = sums_of.heard_ms_sum().data();
  out.oldest = sums_of.oldest_heard_ms().data();
}

}  // namespace capmap
