#include "controller/access/address_range.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

namespace capmap {
namespace {

constexpr unsigned kBitsBeforeV4 = 96;
constexpr std::size_t kMostRanges = 64;

struct Address {
  std::array<std::uint8_t, 16> bytes{};
  bool v4 = false;
};

std::optional<Address> parse_address(std::string_view text) {
  const std::string copy(text);
  Address address;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data() + 12) != 1) return std::nullopt;
  address.bytes[10] = address.bytes[11] = 0xFF;
  address.v4 = true;
  return address;
}

bool same_bits(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b, unsigned bits) {
  const auto whole = bits / 8, rest = bits % 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  return rest == 0 || (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
}

std::optional<AddressRange> parse_range(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  AddressRange range{.bytes = address->bytes, .bits = 128};
  if (slash == std::string_view::npos) return range;
  const auto digits = text.substr(slash + 1);
  if (digits.empty() || digits.size() > 3 || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto bits = static_cast<unsigned>(std::stoul(std::string(digits))) + (address->v4 ? kBitsBeforeV4 : 0);
  if (bits > 128) return std::nullopt;
  range.bits = bits;
  return range;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool AddressRange::holds(std::string_view address) const {
  const auto parsed = parse_address(address);
  return parsed && same_bits(parsed->bytes, bytes, bits);
}

bool AddressRange::holds_loopback() const {
  AddressRange loopback4;
  loopback4.bytes[10] = loopback4.bytes[11] = 0xFF;
  loopback4.bytes[12] = 127;
  loopback4.bits = kBitsBeforeV4 + 8;
  return same_bits(bytes, loopback4.bytes, std::min(bits, loopback4.bits)) || holds("::1");
}

Result<std::vector<AddressRange>> parse_ranges(std::string_view text) {
  std::vector<AddressRange> ranges;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto part = trimmed(text.substr(0, comma));
    const auto range = parse_range(part);
    if (!range) {
      return Error{ErrorCode::kMalformed, "\"" + std::string(part) + "\" is no range of addresses such as 192.0.2.0/24 or 2001:db8::/32"};
    }
    if (ranges.size() == kMostRanges) return Error{ErrorCode::kMalformed, "more than 64 ranges of addresses"};
    ranges.push_back(*range);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return ranges;
}

std::string plain_address(std::string_view address) {
  const auto parsed = parse_address(trimmed(address));
  if (!parsed) return {};
  AddressRange mapped;
  mapped.bytes[10] = mapped.bytes[11] = 0xFF;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (same_bits(parsed->bytes, mapped.bytes, kBitsBeforeV4)) {
    inet_ntop(AF_INET, parsed->bytes.data() + 12, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, parsed->bytes.data(), text.data(), text.size());
  }
  return text.data();
}

}  // namespace capmap
