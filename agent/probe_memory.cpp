#include "agent/probe_memory.hpp"

#include <limits>

#include "agent/fields.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kKib = 1'024;
constexpr std::uint64_t kMib = 1'024 * kKib;

/// Bytes of a line like "   24684096 kB"; empty when it is none.
std::optional<std::uint64_t> bytes_of(std::string_view line) {
  const auto number = to_number(take_word(line));
  if (!number || take_word(line) != "kB" || *number > std::numeric_limits<std::uint64_t>::max() / kKib) return std::nullopt;
  return *number * kKib;
}

}  // namespace

Result<MemoryUsage> parse_memory(std::string_view text) {
  std::optional<std::uint64_t> total, available;
  while (!text.empty() && !(total && available)) {
    auto line = take_line(text);
    const auto key = take_until(line, ':');
    if (key == "MemTotal") total = bytes_of(line);
    if (key == "MemAvailable") available = bytes_of(line);
  }
  if (!total || *total == 0) return Error{ErrorCode::kMalformed, "proc/meminfo: MemTotal has no number"};
  if (available && *available > *total) available.reset();
  return MemoryUsage{.total_bytes = *total, .available_bytes = available};
}

Result<MemoryUsage> read_memory(const HostRoot& root, KeptFile& meminfo) {
  const auto text = meminfo.read(root);
  if (!text) return text.error();
  return parse_memory(*text);
}

std::optional<std::uint32_t> memory_used_mib(const MemoryUsage& memory) {
  if (!memory.available_bytes) return std::nullopt;
  return to_u32((memory.total_bytes - *memory.available_bytes) / kMib);
}

}  // namespace capmap
