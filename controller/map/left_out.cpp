#include "controller/map/left_out.hpp"

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
void add(Number& sum, Number value, bool comes) {
  sum = comes ? sum + value : sum - value;
}

}  // namespace

void count_contradicted(Contradicted& sums, const CellKey& key, const HardwareRow* hardware, bool comes) {
  if (key.verdict != Verdict::kContradicted || key.service == ServiceState::kRetired) return;
  auto& sum = counts_as_installed(key.service) ? sums.counted : sums.left_out;
  const auto claims = claims_of(hardware);
  add(sum.nodes, claims.nodes, comes);
  add(sum.packages, claims.packages, comes);
  add(sum.cores, claims.cores, comes);
  add(sum.accelerators, claims.accelerators, comes);
  add(sum.memory_bytes, claims.memory_bytes, comes);
  add(sum.storage_bytes, claims.storage_bytes, comes);
  add(sum.fp64_mflops, claims.fp64_mflops, comes);
  add(sum.fp32_mflops, claims.fp32_mflops, comes);
  add(sum.fp16_mflops, claims.fp16_mflops, comes);
}

}  // namespace capmap
