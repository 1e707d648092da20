#include "common/address_range.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace capmap {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

constexpr std::size_t kMaxText = 64, kMaxRanges = 64;
constexpr std::uint8_t kAllBits = 128, kMappedBits = 96;
constexpr Bytes16 kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

struct Address {
  Bytes16 bytes{};
  bool ipv4 = false;
};

std::optional<Address> parse_address(std::string_view text) {
  text = text.substr(0, text.find('%'));
  if (text.size() > kMaxText) return std::nullopt;
  const std::string ended(text);
  Address address;
  in_addr v4{};
  if (inet_pton(AF_INET, ended.c_str(), &v4) == 1) {
    address.bytes = kMapped;
    std::memcpy(address.bytes.data() + kMappedBits / 8, &v4, sizeof v4);
    address.ipv4 = true;
    return address;
  }
  if (inet_pton(AF_INET6, ended.c_str(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

Bytes16 cut(Bytes16 bytes, unsigned bits) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = bits > 8 * i ? std::min(bits - 8 * i, 8U) : 0;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xFF00U >> kept));
  }
  return bytes;
}

bool is_mapped(const Bytes16& bytes) {
  return std::equal(kMapped.begin(), kMapped.begin() + kMappedBits / 8, bytes.begin());
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Error malformed(std::string_view text, const char* what) {
  return {ErrorCode::kMalformed, "\"" + std::string(text.substr(0, kMaxText)) + "\" " + what};
}

}  // namespace

bool AddressRange::contains(std::string_view address) const {
  const auto parsed = parse_address(address);
  return parsed && cut(parsed->bytes, prefix_bits) == bytes;
}

bool AddressRange::contains_loopback() const {
  AddressRange loopback{.bytes = kMapped, .prefix_bits = kMappedBits + 8};
  loopback.bytes[kMappedBits / 8] = 127;
  const auto shorter = std::min(prefix_bits, loopback.prefix_bits);
  return contains("::1") || cut(bytes, shorter) == cut(loopback.bytes, shorter);
}

Result<AddressRange> parse_address_range(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address || text.find('%') != std::string_view::npos) {
    return malformed(text, "is no address range: 192.0.2.0/24, 2001:db8::/32 or one address is");
  }
  AddressRange range{.bytes = address->bytes, .prefix_bits = kAllBits};
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const unsigned most = address->ipv4 ? kAllBits - kMappedBits : kAllBits;
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > most) {
      return malformed(text, address->ipv4 ? "has a prefix that is not 0 to 32" : "has a prefix that is not 0 to 128");
    }
    range.prefix_bits = static_cast<std::uint8_t>(address->ipv4 ? bits + kMappedBits : bits);
  }
  range.bytes = cut(range.bytes, range.prefix_bits);
  if (range.bytes != address->bytes) {
    const std::string meant = "names an address inside the range; the range itself is " + to_text(range);
    return malformed(text, meant.c_str());
  }
  return range;
}

Result<std::vector<AddressRange>> parse_address_ranges(std::string_view text) {
  std::vector<AddressRange> ranges;
  do {
    const auto comma = std::min(text.find(','), text.size());
    const auto range = parse_address_range(trimmed(text.substr(0, comma)));
    if (!range) return range.error();
    if (ranges.size() == kMaxRanges) return Error{ErrorCode::kMalformed, "more than 64 address ranges"};
    ranges.push_back(*range);
    text.remove_prefix(std::min(comma + 1, text.size()));
  } while (!text.empty());
  return ranges;
}

std::string to_text(const AddressRange& range) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool ipv4 = is_mapped(range.bytes) && range.prefix_bits >= kMappedBits;
  inet_ntop(ipv4 ? AF_INET : AF_INET6, range.bytes.data() + (ipv4 ? kMappedBits / 8 : 0), text.data(), text.size());
  if (range.prefix_bits == kAllBits) return text.data();
  return std::string(text.data()) + "/" + std::to_string(ipv4 ? range.prefix_bits - kMappedBits : range.prefix_bits);
}

std::string to_text(const std::vector<AddressRange>& ranges) {
  std::string text;
  for (const auto& range : ranges) text += (text.empty() ? "" : ",") + to_text(range);
  return text;
}

std::string plain_address(std::string_view address) {
  address = trimmed(address);
  const auto parsed = address.find('%') == std::string_view::npos ? parse_address(address) : std::nullopt;
  return parsed ? to_text(AddressRange{.bytes = parsed->bytes, .prefix_bits = kAllBits}) : std::string();
}

std::array<std::uint8_t, 16> caller_of(std::string_view address) {
  constexpr unsigned kCustomerBits = 64;
  const auto parsed = parse_address(address);
  if (!parsed) return {};
  return is_mapped(parsed->bytes) ? parsed->bytes : cut(parsed->bytes, kCustomerBits);
}

}  // namespace capmap
