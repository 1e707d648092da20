#include "controller/map/left_out.hpp"

#include "controller/map/map_view.hpp"

namespace capmap {
namespace {

using U128 = unsigned __int128;

ClaimedSums claims_of(const HardwareRow* hardware) {
  ClaimedSums claims{.nodes = 1};
  if (hardware == nullptr) return claims;
  const auto& shape = hardware->shape;
  claims.packages = shape.cpu.packages.value_or(0);
  claims.cores = shape.cpu.cores.value_or(0);
  claims.memory_bytes = shape.memory_bytes.value_or(0);
  for (const auto& device : shape.accelerators) claims.accelerators += device.count;
  for (const auto& disk : shape.disks) claims.storage_bytes += U128{disk.bytes.value_or(0)} * disk.count;
  const auto rate = [hardware](Precision precision) {
    const auto i = static_cast<std::size_t>(precision);
    return U128{hardware->peak.cpu[i].value_or(0)} + hardware->peak.accelerators[i].value_or(0);
  };
  claims.fp64_mflops = rate(Precision::kFp64);
  claims.fp32_mflops = rate(Precision::kFp32);
  claims.fp16_mflops = rate(Precision::kFp16);
  return claims;
}

/// Unsigned sums wrap: what came in goes out again.
template <class Number>
void add(Number& sum, Number value, std::uint64_t nodes, bool comes) {
  sum = comes ? sum + value * nodes : sum - value * nodes;
}

void count(Contradicted& sums, const CellKey& key, const HardwareRow* hardware, std::uint64_t nodes, bool comes) {
  if (key.verdict != Verdict::kContradicted || key.service == ServiceState::kRetired) return;
  auto& sum = counts_as_installed(key.service) ? sums.counted : sums.left_out;
  const auto claims = claims_of(hardware);
  add(sum.nodes, claims.nodes, nodes, comes);
  add(sum.packages, claims.packages, nodes, comes);
  add(sum.cores, claims.cores, nodes, comes);
  add(sum.accelerators, claims.accelerators, nodes, comes);
  add(sum.memory_bytes, claims.memory_bytes, nodes, comes);
  add(sum.storage_bytes, claims.storage_bytes, nodes, comes);
  add(sum.fp64_mflops, claims.fp64_mflops, nodes, comes);
  add(sum.fp32_mflops, claims.fp32_mflops, nodes, comes);
  add(sum.fp16_mflops, claims.fp16_mflops, nodes, comes);
}

}  // namespace

void count_contradicted(Contradicted& sums, const CellKey& key, const HardwareRow* hardware, bool comes, std::uint64_t nodes) {
  count(sums, key, hardware, nodes, comes);
}

Contradicted contradicted_at(const MapView& view, const std::function<bool(std::uint32_t site)>& at) {
  Contradicted sums;
  if (view.contradicted) sums.policy = view.contradicted->policy;
  for (std::size_t block = 0; block < view.cells.block_count(); ++block) {
    const auto& keys = view.cells.keys(block);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      if (keys.state[i] == kFreeSlot || verdict_of(keys.state[i]) != Verdict::kContradicted || !at(keys.site(i))) continue;
      const auto key = keys.key(i);
      const auto* const hardware = key.hardware < view.hardware.size() ? view.hardware[key.hardware].get() : nullptr;
      count(sums, key, hardware, keys.nodes[i], true);
    }
  }
  return sums;
}

}  // namespace capmap
