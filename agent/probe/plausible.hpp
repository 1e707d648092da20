#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// The most that there can be of a thing, a good deal above what is built: what is told beyond it is an error, not a quantity.
inline constexpr std::uint64_t kMostDiskBytes = 1'000'000'000'000'000'000;       // 1 EB
inline constexpr std::uint64_t kMostNodeBytes = std::uint64_t{1} << 50;          // 1 PiB in one NUMA node
inline constexpr std::uint64_t kMostMemoryBytes = std::uint64_t{1} << 56;        // of a whole machine
inline constexpr std::uint64_t kMostAcceleratorBytes = std::uint64_t{16} << 40;  // 16 TiB
inline constexpr std::uint64_t kMostCacheBytes = std::uint64_t{1} << 40;         // of one cache
inline constexpr std::uint64_t kMostMhz = 20'000, kMostMbps = 100'000'000;       // of a core, of a port

/// The figure, unless there cannot be as many: then it is unknown, and a problem line of `probe` names `path` (a file below the root, or
/// the object of a topology). The same line is noted once. Thread: any.
std::optional<std::uint64_t> plausible(std::optional<std::uint64_t> value, std::uint64_t most, std::string_view probe,
                                       const std::string& path, std::vector<Problem>& problems);
/// The number that fills a file, likewise. A file that is not there or not readable tells nothing; one that holds something else than a
/// number (negative, NaN, empty, binary, 2^64) makes a problem line.
std::optional<std::uint64_t> plausible_in(const HostRoot& root, const std::string& path, std::uint64_t most, std::string_view probe,
                                          std::vector<Problem>& problems);

}  // namespace capmap
