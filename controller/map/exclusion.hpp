#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/precision.hpp"
#include "common/shape.hpp"

namespace capmap {

/// Why the map itself leaves a node out of every total: it stands in cells of service state *quarantined* and is *contradicted*, with the
/// reason, until the cause is over. Its own service state, an admin's, is untouched. Bits of ColdRecord::excluded. kPolicy: for what its
/// findings say of hardware, past and measurement, where contradicted nodes are not to count (MapOptions::contradicted); a refused reading
/// is unknown and takes nobody out.
enum class Exclusion : std::uint8_t { kAbsurdShape, kFlips, kFuture, kFlood, kClone, kReplay, kPolicy };
inline constexpr std::size_t kExclusionCount = 7;

inline constexpr std::size_t kMostRenames = 4;                  ///< hellos that name other hardware than the one before, an hour
inline constexpr std::uint64_t kMostAheadMs = 86'400'000;       ///< a hello from further in the future
inline constexpr std::uint64_t kMostSkewMs = 60'000;            ///< a clock that is further off is asked for again and again
inline constexpr std::uint64_t kFloodMarkMs = 10 * 60 * 1'000;  ///< a node counts as flooding so long after it last did

/// What no server has: over 65,535 PUs, 1 PiB of memory, 255 accelerators, 1 EB of disks, a port of 10 Tb/s, or a peak of 1 EFLOPS at any
/// precision. The reason; nothing when the hardware may be true.
std::optional<std::string> absurd_hardware(const Shape& shape, const PeakRating& peak);

}  // namespace capmap
