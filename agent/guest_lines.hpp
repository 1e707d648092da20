#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/hardware.hpp"
#include "common/result.hpp"

namespace capmap {

/// What `capmap-probe guests` found, on its way to the agent: texts that name virtual machines, and what could not be read.
struct GuestLines {
  std::vector<std::string> uuids, addresses;
  std::vector<Problem> problems;
  bool operator==(const GuestLines&) const = default;
};

inline constexpr std::size_t kMaxGuestNames = 2'048;  ///< of each kind: what a child may write has room for them
inline constexpr std::size_t kMaxGuestProblems = 16;

/// As lines, which a person can read too: "uuid TEXT", "mac TEXT", "problem PROBE TEXT", and "end". Control characters become '?'.
std::string write_guest_lines(const GuestLines& lines);
/// Errors: kMalformed (an unknown line, too many of a kind, no end). Reads untrusted text.
Result<GuestLines> read_guest_lines(std::string_view text);

}  // namespace capmap
