#include "controller/map/group_figures.hpp"

namespace capmap {
namespace {

void add_plain(RollupGroup& group, std::size_t figure, U128 amount) {
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
    case kRdmaNics: group.rdma_nics += count; return;
    case kNicUnknown: group.nic_speed_unknown += count; return;
    case kRated: group.rated_accelerators += count; return;
    case kUnratedPackages: group.unrated_packages += count; return;
    case kUnratedAccelerators: group.unrated_accelerators += count; return;
    case kUnratedNodes: group.unrated_nodes += count; return;
    default: group.hardware_unknown_nodes += count; return;
  }
}

}  // namespace

void add_figure(RollupGroup& group, std::size_t figure, U128 amount) {
  const auto count = static_cast<std::uint64_t>(amount);
  if (figure >= kDeviceOffered) {
    group.accelerator_peak.offered[figure - kDeviceOffered] += count;
  } else if (figure >= kDevicePeak) {
    group.accelerator_peak.mflops[figure - kDevicePeak] += count;
  } else if (figure >= kCpuRpeak) {
    auto& peak = figure >= kAcceleratorRpeak ? group.accelerator_peak : group.cpu_peak;
    const bool offered = figure == kCpuRpeakOffered || figure == kAcceleratorRpeakOffered;
    (offered ? peak.rpeak_offered : peak.rpeak_mflops) += count;
  } else if (figure >= kAcceleratorOffered) {
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

HardwareSums hardware_of(const RollupGroup& group) {
  return {.packages = group.packages,
          .cores = group.cores,
          .pus = group.pus,
          .accelerators = group.accelerators,
          .memory_bytes = group.memory_bytes,
          .cpu_peak = group.cpu_peak,
          .accelerator_peak = group.accelerator_peak};
}

}  // namespace capmap
