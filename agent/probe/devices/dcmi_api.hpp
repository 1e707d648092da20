#pragma once
#include <string>

#include "common/result.hpp"

namespace capmap {

/// The part of Huawei's device card management interface (DCMI) that is used, in our own declarations. Names, layouts and numbers are
/// those of the public header dcmi_interface_api.h (Ascend driver; also in Ascend/ascend-npu-exporter and ascend-docker-runtime) and of
/// the DCMI API reference on hiascend.com. A "card" is a board, a "device" a chip on it, numbered from 0.
namespace dcmi {

enum Return : int {
  kSuccess = 0,
  kInvalidParameter = -8'001,
  kNotPermitted = -8'002,
  kTimeout = -8'006,
  kInvalidDevice = -8'007,
  kDeviceNotExist = -8'008,
  kIoctlFailed = -8'009,
  kNotReady = -8'012,
  kNotInContainer = -8'013,
  kUpgrading = -8'017,
  kNotSupported = -8'255,
};

struct ChipInfo {
  unsigned char type[32], name[32], version[32];
  unsigned ai_cores;
};
struct PcieInfo {  ///< of the older call, which has no domain
  unsigned device_id, vendor_id, sub_vendor_id, sub_device_id, device, bus, function;
};
struct PcieInfoAll {
  unsigned vendor_id, sub_vendor_id, device_id, sub_device_id;
  int domain;
  unsigned bus, device, function;
  unsigned char reserved[32];
};
struct HbmInfo {
  unsigned long long size;  ///< MB; KB in drivers for the first Ascend 910
  unsigned mhz;
  unsigned long long used;  ///< likewise
  int celsius;
  unsigned bandwidth_percent;
};
struct MemoryInfo {              ///< chips without HBM
  unsigned long long size;       ///< MB
  unsigned long long available;  ///< MB
  unsigned mhz;
  unsigned long page_kib, pages, pages_free;
  unsigned percent;
  unsigned char reserved[60];
};
struct EccInfo {
  int enabled;
  unsigned single_bit, double_bit, single_bit_ever, double_bit_ever, single_bit_pages, double_bit_pages;
};
struct ProcessMemory {
  int pid;
  unsigned long bytes;
};
struct alignas(8) VirtualDevices {  ///< total resources of a chip; only its virtual NPUs are read
  unsigned count;
  unsigned ids[32];
  unsigned char rest[228];
};
static_assert(sizeof(VirtualDevices) == 360 && sizeof(PcieInfoAll) == 64 && sizeof(HbmInfo) == 32);

inline constexpr int kMostCards = 64, kMostChips = 16, kMostProcesses = 32;
inline constexpr int kUtilizationAiCore = 2, kUtilizationWhole = 13;
inline constexpr int kMemoryHbm = 2, kMemoryDdr = 0, kClockHbm = 6, kClockAiCore = 7, kClockDdr = 1;
inline constexpr int kVirtualDevices = 52, kVirtualTotal = 1;
inline constexpr unsigned kHealthGone = 0xFFFFFFFF;

/// Entry points; null where the installed library lacks one. The first two parameters are card and device.
struct Api {
  int (*init)() = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*card_list)(int*, int*, int) = nullptr;
  int (*device_ids)(int, int*, int*, int*) = nullptr;
  int (*pcie_info)(int, int, PcieInfo*) = nullptr;
  int (*pcie_info_all)(int, int, PcieInfoAll*) = nullptr;
  int (*chip_info)(int, int, ChipInfo*) = nullptr;
  int (*hbm)(int, int, HbmInfo*) = nullptr;
  int (*memory)(int, int, MemoryInfo*) = nullptr;
  int (*utilization)(int, int, int, unsigned*) = nullptr;
  int (*power)(int, int, int*) = nullptr;
  int (*temperature)(int, int, int*) = nullptr;
  int (*frequency)(int, int, int, unsigned*) = nullptr;
  int (*health)(int, int, unsigned*) = nullptr;
  int (*ecc)(int, int, int, EccInfo*) = nullptr;
  int (*processes)(int, int, ProcessMemory*, int*) = nullptr;
  int (*info)(int, int, int, unsigned, void*, unsigned*) = nullptr;
};

/// Loads the library and looks its symbols up; it stays loaded. `library` empty: the usual places in turn. Errors: kAbsent (no such
/// library, or not this one: init, a list of cards or addresses are missing).
Result<Api> load_api(const std::string& library);

/// What a return code says to an operator; "error N" for others.
std::string to_words(int code);

}  // namespace dcmi
}  // namespace capmap
