#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// Addresses that begin alike: "192.0.2.0/24", "2001:db8::/32", or one address alone. IPv4 is held as IPv6 sees it (::ffff:0:0/96), so
/// that an address means the same whichever way it is written.
struct AddressRange {
  std::array<std::uint8_t, 16> bytes{};  ///< what is behind the prefix is 0
  std::uint8_t prefix_bits = 128;        ///< of the 128
  bool operator==(const AddressRange&) const = default;

  /// False for a text that is no address. An IPv6 scope ("%eth0") is not looked at.
  [[nodiscard]] bool contains(std::string_view address) const;
  /// True where some loopback address is in it.
  [[nodiscard]] bool contains_loopback() const;
};

/// Errors: kMalformed, with what is wrong: no address, a prefix that is too long, or bits behind the prefix (a slip of the pen mostly).
Result<AddressRange> parse_address_range(std::string_view text);
/// Several with commas between, and blanks around them. Errors: likewise; also none at all, or more than 64.
Result<std::vector<AddressRange>> parse_address_ranges(std::string_view text);
/// As it is parsed; IPv4 as IPv4.
std::string to_text(const AddressRange& range);
std::string to_text(const std::vector<AddressRange>& ranges);

/// One address in its shortest spelling, IPv4 in IPv6 as IPv4, blanks around it cut off; empty where it is none.
std::string plain_address(std::string_view address);

/// What is one caller for limits: an IPv4 address, or the /64 of an IPv6 one, which is one customer's. All 0 for a text that is no address.
std::array<std::uint8_t, 16> caller_of(std::string_view address);

}  // namespace capmap
