#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"
#include "controller/http/message.hpp"

namespace capmap {

/// A request's target, split and unescaped: "/v1/map?by=region%2Csite" -> {"v1","map"} and {("by","region,site")}.
struct Target {
  std::vector<std::string> segments;  ///< of the path; "/" has none, "/v1/" has "v1" and ""
  TextPairs query;                    ///< in the order sent; "+" is a space
};

/// Strict: a target begins with '/', is at most 4,096 bytes, has at most 16 segments and 16 parameters, every %XX is two hex digits, and
/// what comes out is UTF-8 without control characters. Errors: kMalformed naming what is wrong. Pure.
Result<Target> parse_target(std::string_view text);

/// Value of a query parameter; absent when it is not there.
std::optional<std::string> parameter(const Target& target, std::string_view name);

/// Decimal digits only, at most `max`. Errors: kMalformed naming `name` and the limits.
Result<std::uint64_t> parse_count(std::string_view name, std::string_view text, std::uint64_t min, std::uint64_t max);

}  // namespace capmap
