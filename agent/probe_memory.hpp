#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/kept_file.hpp"
#include "common/host_root.hpp"
#include "common/result.hpp"

namespace capmap {

struct MemoryUsage {
  std::uint64_t total_bytes = 0;
  std::optional<std::uint64_t> available_bytes;  ///< what new work could get without swapping; at most total_bytes
  bool operator==(const MemoryUsage&) const = default;
};

/// Text of /proc/meminfo to bytes. Errors: kMalformed. Thread: any; pure.
Result<MemoryUsage> parse_memory(std::string_view text);

/// Reads the memory size and what is still free for new work.
///
/// Source:  <root>/proc/meminfo, MemTotal and MemAvailable (proc_meminfo(5)); KiB there, bytes here.
/// Returns: total_bytes > 0; available_bytes empty where the kernel is too old to say, or says more than there is.
/// Errors:  those of KeptFile::read, kMalformed (MemTotal missing or not a number).
/// Thread:  one, with its file. Cost: one small read.
Result<MemoryUsage> read_memory(const HostRoot& root, KeptFile& meminfo);

/// Total - available in MiB, rounded down; empty when unknown. Thread: any; pure.
std::optional<std::uint32_t> memory_used_mib(const MemoryUsage& memory);

}  // namespace capmap
