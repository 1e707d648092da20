#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "controller/map/cell.hpp"

namespace capmap {

/// A cell as history names it: by numbers of its own, which hold for ever; 0 = none.
struct PastKey {
  std::uint32_t site = 0, pool = 0, hardware = 0;
  Liveness liveness = Liveness::kResyncing;
  ServiceState service = ServiceState::kInService;
  Verdict verdict = Verdict::kUnproven;
  auto operator<=>(const PastKey&) const = default;
};

/// What a cell holds, or by how much it has changed: the same arithmetic. Devices that are unhealthy are all that history keeps of a
/// cell's nodes beside their number; what a cell uses is in samples.
struct PastCell {
  PastKey key;
  std::int64_t nodes = 0, unhealthy_devices = 0;
  bool operator==(const PastCell&) const = default;
};

/// Cells that changed at one moment, by unix ms.
struct PastMoment {
  std::uint64_t at_unix_ms = 0;
  std::vector<PastCell> cells;
  bool operator==(const PastMoment&) const = default;
};

inline constexpr std::size_t kMostPastCells = 16'000'000;  ///< of one record; more is no record of ours

/// By key, each once, those that add up to nothing left out.
void sum_up(std::vector<PastCell>& cells);

/// A record: moments ascending, their cells ascending by key. Columns of variable-length differences, one after the other, compressed.
std::string pack_moments(std::span<const PastMoment> moments);
/// Errors: kMalformed, of any bytes that pack_moments did not make.
Result<std::vector<PastMoment>> unpack_moments(std::string_view bytes);

}  // namespace capmap
