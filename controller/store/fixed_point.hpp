#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace capmap {

/// Decimal numbers as whole ones of their last place: "39.9042" with 6 places is 39,904,200. Absent for what is no such number, has more
/// places or over 12 digits before the point; no exponents. Pure.
std::optional<std::int64_t> parse_fixed(std::string_view text, unsigned places);
/// The shortest such text: "39.9042", "-0.5", "12".
std::string fixed_text(std::int64_t value, unsigned places);

}  // namespace capmap
