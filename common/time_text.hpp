#pragma once
#include <cstdint>
#include <string>

namespace capmap {

/// A moment as people and RFC 3339 write it: "2026-11-22T21:00:00.123Z"; empty beyond the years that the C library knows.
std::string rfc3339_text(std::uint64_t unix_ms);

}  // namespace capmap
