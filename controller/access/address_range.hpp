#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// Addresses with the same first bits: "192.0.2.0/24", "2001:db8::/32", or one address. IPv4 is kept as IPv4 in IPv6.
struct AddressRange {
  std::array<std::uint8_t, 16> bytes{};
  unsigned bits = 128;
  [[nodiscard]] bool holds(std::string_view address) const;
  /// True where some loopback address is in it.
  [[nodiscard]] bool holds_loopback() const;
};
/// Ranges with commas between them. Errors: kMalformed naming the part.
Result<std::vector<AddressRange>> parse_ranges(std::string_view text);
/// One address in its shortest spelling, IPv4 in IPv6 as IPv4; empty where it is none.
std::string plain_address(std::string_view address);

}  // namespace capmap
