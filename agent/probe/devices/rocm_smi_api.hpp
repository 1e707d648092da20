#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/result.hpp"

namespace capmap {

/// The part of AMD's ROCm System Management Interface that is used, in our own declarations. Names, layouts and numbers are those of the
/// public header rocm_smi.h (ROCm/rocm_smi_lib, versions 5 to 7). A "device" is a GCD or a partition, numbered from 0.
namespace rocm_smi {

enum Return : unsigned {
  kSuccess = 0,
  kInvalidArguments = 1,
  kNotSupported = 2,
  kFileError = 3,
  kPermission = 4,
  kOutOfResources = 5,
  kInternalException = 6,
  kInitError = 8,
  kNotYetImplemented = 9,
  kNotFound = 10,
  kInsufficientSize = 11,  ///< a text that was cut
  kInterrupt = 12,
  kUnexpectedSize = 13,
  kNoData = 14,
  kUnexpectedData = 15,
  kBusy = 16,
  kUnknownError = 0xFFFF'FFFF,
};

struct ErrorCount {
  std::uint64_t correctable, uncorrectable;
};

/// To rsmi_init: calls of this process wait for one another, not for other programs, of which one may hang or have died.
inline constexpr std::uint64_t kOwnMutex = 0x400'0000'0000'0000;
inline constexpr unsigned kDriver = 0, kVram = 0, kEdge = 0, kJunction = 1, kCurrent = 0;
inline constexpr std::uint64_t kMemoryBlock = 1;  ///< UMC

/// Entry points; null where the installed library lacks one. The first parameter of device calls is the device's number.
struct Api {
  unsigned (*init)(std::uint64_t) = nullptr;
  unsigned (*shut_down)() = nullptr;
  unsigned (*version)(unsigned, char*, std::uint32_t) = nullptr;
  unsigned (*count)(std::uint32_t*) = nullptr;
  unsigned (*pci_id)(std::uint32_t, std::uint64_t*) = nullptr;  ///< domain << 32 | partition << 28 | bus << 8 | device << 3 | function
  unsigned (*vendor_id)(std::uint32_t, std::uint16_t*) = nullptr;
  unsigned (*device_id)(std::uint32_t, std::uint16_t*) = nullptr;
  unsigned (*device_name)(std::uint32_t, char*, std::size_t) = nullptr;
  unsigned (*unique_id)(std::uint32_t, std::uint64_t*) = nullptr;
  unsigned (*memory_total)(std::uint32_t, unsigned, std::uint64_t*) = nullptr;  ///< bytes
  unsigned (*memory_used)(std::uint32_t, unsigned, std::uint64_t*) = nullptr;
  unsigned (*busy_percent)(std::uint32_t, std::uint32_t*) = nullptr;
  unsigned (*socket_power)(std::uint32_t, std::uint64_t*) = nullptr;                         ///< microwatts now; newer cards
  unsigned (*average_power)(std::uint32_t, std::uint32_t, std::uint64_t*) = nullptr;         ///< microwatts; older cards
  unsigned (*power_cap)(std::uint32_t, std::uint32_t, std::uint64_t*) = nullptr;             ///< microwatts
  unsigned (*temperature)(std::uint32_t, std::uint32_t, unsigned, std::int64_t*) = nullptr;  ///< thousandths of a degree Celsius
  unsigned (*errors)(std::uint32_t, std::uint64_t, ErrorCount*) = nullptr;
  unsigned (*compute_partition)(std::uint32_t, char*, std::uint32_t) = nullptr;  ///< "SPX", "CPX", …
};

/// Loads the library and looks its symbols up; it stays loaded. `library` empty: the usual places in turn. Errors: kAbsent (no such
/// library, or not this one).
Result<Api> load_api(const std::string& library);

/// What a return code says to an operator; "error N" for others.
std::string to_words(unsigned code);

}  // namespace rocm_smi
}  // namespace capmap
