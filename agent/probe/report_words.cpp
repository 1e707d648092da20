#include "agent/probe/report.hpp"

namespace capmap {

PeakMflops total_peak(const PeakRating& rating) {
  PeakMflops total{};
  for (std::size_t p = 0; p < kPrecisionCount; ++p) {
    if (!rating.cpu[p] && !rating.accelerators[p]) continue;
    total[p] = rating.cpu[p].value_or(0) + rating.accelerators[p].value_or(0);
  }
  return total;
}

const char* to_word(AcceleratorKind kind) {
  switch (kind) {
    case AcceleratorKind::kGpu: return "gpu";
    case AcceleratorKind::kNpu: return "npu";
    case AcceleratorKind::kFpga: return "fpga";
    case AcceleratorKind::kOther: return "other";
    case AcceleratorKind::kUnknown: break;
  }
  return "unknown";
}

const char* to_word(CoreType type) {
  switch (type) {
    case CoreType::kPerformance: return "performance";
    case CoreType::kEfficiency: return "efficiency";
    case CoreType::kLowPower: return "low-power";
    case CoreType::kUnknown: break;
  }
  return "unknown";
}

const char* to_word(NicType type) {
  switch (type) {
    case NicType::kEthernet: return "ethernet";
    case NicType::kInfiniband: return "infiniband";
    case NicType::kRoce: return "roce";
    case NicType::kUnknown: break;
  }
  return "unknown";
}

const char* to_word(Media media) {
  switch (media) {
    case Media::kNvme: return "nvme";
    case Media::kSsd: return "ssd";
    case Media::kHdd: return "hdd";
    case Media::kRemote: return "remote";
    case Media::kUnknown: break;
  }
  return "unknown";
}

}  // namespace capmap
