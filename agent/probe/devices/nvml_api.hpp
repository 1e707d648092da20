#pragma once
#include <string>

#include "common/result.hpp"

namespace capmap {

/// The part of NVIDIA's management library (NVML) that is used, in our own declarations. Names, layouts and numbers are those of the
/// public header nvml.h (CUDA toolkit; NVML API Reference Guide); `_v2` and `_v3` symbols are stable once published.
namespace nvml {

using Device = void*;
using GpuInstance = void*;

enum Return : int {
  kSuccess = 0,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNoPermission = 4,
  kNotFound = 6,
  kInsufficientSize = 7,
  kDriverNotLoaded = 9,
  kTimeout = 10,
  kFunctionNotFound = 13,
  kGpuIsLost = 15,
  kResetRequired = 16,
  kOperatingSystem = 17,
  kVersionMismatch = 18,
  kNoData = 21,
  kUnknown = 999,
};

struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};
struct Memory {
  unsigned long long total, free, used;
};
struct MemoryV2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};
struct Utilization {
  unsigned gpu, memory;
};

struct InstanceInfo {
  Device device;
  unsigned id, profile_id, place_start, place_size;
};
/// Asked for by id and scope (the number of a link); `value` is the union of all types, of which ours are unsigned.
struct FieldValue {
  unsigned field_id, scope_id;
  long long timestamp, latency_us;
  int value_type, code;
  union {
    unsigned number;
    unsigned long long wide;
  } value;
};

inline constexpr unsigned kMemoryV2Version = static_cast<unsigned>(sizeof(MemoryV2)) | (2U << 24U);
inline constexpr unsigned kTemperatureGpu = 0, kClockSm = 1, kClockMemory = 2, kEccCorrected = 0, kEccUncorrected = 1, kEccVolatile = 0;
inline constexpr unsigned kMaxLinks = 36, kNameBytes = 96;
inline constexpr unsigned kFieldLinkSpeed = 164, kFieldLinkSpeedCommon = 90;  ///< megabytes a second; of one link, of any (older drivers)
inline constexpr int kTypeUnsigned = 1, kTypeUnsignedLong = 2, kTypeUnsignedLongLong = 3;

/// Entry points; null where the installed library is too old to have one.
struct Api {
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*cuda_version)(int*) = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*by_index)(unsigned, Device*) = nullptr;
  int (*pci_info)(Device, PciInfo*) = nullptr;
  int (*device_name)(Device, char*, unsigned) = nullptr;
  int (*uuid)(Device, char*, unsigned) = nullptr;
  int (*memory)(Device, Memory*) = nullptr;
  int (*memory_v2)(Device, MemoryV2*) = nullptr;
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*power)(Device, unsigned*) = nullptr;
  int (*power_limit)(Device, unsigned*) = nullptr;
  int (*power_limits)(Device, unsigned*, unsigned*) = nullptr;
  int (*power_limit_default)(Device, unsigned*) = nullptr;
  int (*temperature)(Device, unsigned, unsigned*) = nullptr;
  int (*clock)(Device, unsigned, unsigned*) = nullptr;
  int (*max_clock)(Device, unsigned, unsigned*) = nullptr;
  int (*ecc_mode)(Device, unsigned*, unsigned*) = nullptr;
  int (*ecc_errors)(Device, unsigned, unsigned, unsigned long long*) = nullptr;
  int (*remapped_rows)(Device, unsigned*, unsigned*, unsigned*, unsigned*) = nullptr;
  int (*processes)(Device, unsigned*, void*) = nullptr;
  int (*link_state)(Device, unsigned, int*) = nullptr;
  int (*field_values)(Device, int, FieldValue*) = nullptr;
  int (*mig_mode)(Device, unsigned*, unsigned*) = nullptr;
  int (*mig_count)(Device, unsigned*) = nullptr;
  int (*mig_by_index)(Device, unsigned, Device*) = nullptr;
  int (*gpu_instance_id)(Device, unsigned*) = nullptr;
  int (*compute_instance_id)(Device, unsigned*) = nullptr;
  int (*gpu_instance)(Device, unsigned, GpuInstance*) = nullptr;
  int (*gpu_instance_info)(GpuInstance, InstanceInfo*) = nullptr;
};

/// Loads the library and looks its symbols up. It stays loaded: threads of its own may live in it. Errors: kAbsent (no such library, or
/// not one of NVIDIA's: init, count or handles are missing).
Result<Api> load_api(const std::string& library);

/// What a return code says to an operator ("not supported", "no permission", "the card is lost"); "error N" for others.
std::string to_words(int code);

}  // namespace nvml
}  // namespace capmap
