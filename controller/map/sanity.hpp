#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "controller/map/map_view.hpp"
#include "controller/map/verdict.hpp"

namespace capmap {

/// What a node's readings are held against; absent where it is not known, and then nothing is doubted.
struct ReadingLimits {
  std::optional<std::uint32_t> pus;
  std::optional<std::uint64_t> memory_mib;
  std::optional<std::uint64_t> disks_bytes;
  std::optional<std::uint32_t> accelerators;
  std::optional<std::uint64_t> accelerator_mib;  ///< memory of the largest one
  std::optional<std::uint32_t> watts{};          ///< that a server of these parts takes at most
};

/// Why a reading cannot be true: busy above 1.1 x its PUs, more memory used than there is (rounding allowed for), more stored than
/// 1.1 x its disks, power over what its parts take. `field` is a place in kReadingFields; rates are not doubted.
std::optional<std::string> doubt_reading(std::size_t field, std::uint32_t value, const ReadingLimits& limits);
/// Why a list of accelerators cannot be true: one address twice, more devices than the shape has, more memory used than 1.1 x the
/// largest one's, more power drawn than any card is built for.
std::optional<std::string> doubt_accelerators(const std::vector<AcceleratorUse>& devices, const ReadingLimits& limits);
/// A file system that is fuller than it is large, or larger than any (10^12 MB): its sizes are unknown then.
void forget_absurd_size(SharedFileSystem& system);
/// What is found of a hello and the hardware it names: each against the other, the hardware against the chip table and what is built
/// (HardwareRow::findings), what was measured against what is nominal. Empty: nothing.
std::vector<Finding> findings_of(const Hello& hello, const HardwareRow& hardware);
/// Of matrix products: over 1.1 x the nominal FP64 peak at the highest clock (2.5 x that at the base clock where no highest one is known),
/// or below a tenth of it, by the threads that ran. Absent: neither, or nothing was measured or rated.
std::optional<Finding> doubt_measured(const Measured& measured, const HardwareRow& hardware);

}  // namespace capmap
