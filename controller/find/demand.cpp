#include "controller/find/demand.hpp"

namespace capmap {

bool Demand::asks(Need need) const {
  switch (need) {
    case Need::kFilter: return filter.has_value();
    case Need::kSite: return !site.empty();
    case Need::kRegion: return !region.empty();
    case Need::kOwner: return !owner.empty();
    case Need::kOwnerClass: return !owner_class.empty();
    case Need::kComputeClass: return !compute_class.empty();
    case Need::kSecurityLevel: return security_level.has_value();
    case Need::kPublicCompute: return public_compute;
    case Need::kModel: return !model.empty();
    case Need::kVendor: return !vendor.empty();
    case Need::kKind: return !kind.empty();
    case Need::kDeviceMemory: return device_memory_gib.has_value();
    case Need::kPrecision: return precision.has_value();
    case Need::kRdma: return rdma;
    case Need::kInService:
    case Need::kFresh: return true;
    case Need::kAccelerators: return of_devices();
    case Need::kCores: return cores > 0;
    case Need::kMemory: return memory_gib > 0;
  }
  return false;
}

}  // namespace capmap
