#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "controller/map/cell.hpp"
#include "controller/map/node_table.hpp"
#include "controller/map/shapes.hpp"

namespace capmap {

/// Everything one node adds to its cell.
struct Contribution {
  std::array<std::optional<std::uint32_t>, kReadingCount> readings{};
  std::optional<std::uint64_t> cpu_free_millicores, memory_free_mib, storage_free_mb;
  std::uint32_t accelerators_used = 0, accelerators_free = 0, accelerators_use_unknown = 0, accelerators_unhealthy = 0;
  std::optional<std::size_t> free_accelerators_bucket;  ///< absent: not one of its devices is known to be free or not
  std::optional<std::uint64_t> heard_ms;
};

/// What the row of a node adds to its cell: the only place that says so.
Contribution contribution_of(const NodeTable& nodes, RowIndex row, const HardwareFacts& facts);

/// Bucket of a histogram by powers of two: 0 for 0, i for 2^(i-1) <= value < 2^i, the last for all above.
std::size_t power_bucket(std::uint64_t value);

}  // namespace capmap
