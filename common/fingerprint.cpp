#include "common/fingerprint.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

namespace capmap {
namespace {

constexpr std::string_view kDomain = "capmap fingerprint 1";
constexpr std::string_view kBlanks = std::string_view(" \t\r\n\0", 5);  // the device tree ends texts with a NUL
using Uuid = std::array<std::uint8_t, 16>;

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Fills `bytes` from pairs of digits; between two of them `mark` may stand, or must. False: other text, or another length.
bool read_bytes(std::string_view text, char mark, bool must, std::span<std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && !text.empty() && text.front() == mark) {
      text.remove_prefix(1);
    } else if (i > 0 && must) {
      return false;
    }
    const auto high = text.size() < 2 ? std::nullopt : hex_digit(text[0]), low = text.size() < 2 ? std::nullopt : hex_digit(text[1]);
    if (!high || !low) return false;
    bytes[i] = static_cast<std::uint8_t>(*high << 4U | *low);
    text.remove_prefix(2);
  }
  return text.empty();
}

bool says_nothing(std::span<const std::uint8_t> bytes) {
  const bool alike = std::ranges::all_of(bytes, [&](std::uint8_t byte) { return byte == bytes.front(); });
  return alike && (bytes.front() == 0 || bytes.front() == 0xff);
}

Fingerprint hashed(std::string_view salt, char kind, std::span<const std::uint8_t> bytes) {
  const auto size = static_cast<std::uint32_t>(salt.size());  // in front, so that no salt is another one's beginning
  std::array<std::uint8_t, 5> head = {static_cast<std::uint8_t>(kind)};
  for (std::size_t i = 0; i < 4; ++i) head[i + 1] = static_cast<std::uint8_t>(size >> (8 * i));
  std::array<std::uint8_t, 16> hash{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, hash.size());
  for (const auto text : {kDomain, std::string_view(reinterpret_cast<const char*>(head.data()), head.size()), salt}) {
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  crypto_generichash_update(&state, bytes.data(), bytes.size());
  crypto_generichash_final(&state, hash.data(), hash.size());
  Fingerprint fingerprint = 0;
  for (std::size_t i = 0; i < sizeof fingerprint; ++i) fingerprint |= std::uint64_t{hash[i]} << (8 * i);
  return fingerprint;
}

/// Its first three fields turned round: firmware before SMBIOS 2.6 and some readers of it take them as big-endian.
Uuid turned(const Uuid& uuid) {
  Uuid other = uuid;
  std::reverse(other.begin(), other.begin() + 4);
  std::reverse(other.begin() + 4, other.begin() + 6);
  std::reverse(other.begin() + 6, other.begin() + 8);
  return other;
}

}  // namespace

std::optional<Fingerprint> mac_fingerprint(std::string_view salt, std::string_view address) {
  std::array<std::uint8_t, 6> bytes{};
  if (!read_bytes(trimmed(address), ':', true, bytes) || (bytes[0] & 1U) != 0) return std::nullopt;
  const auto tail = std::span<const std::uint8_t>(bytes).subspan(1);
  if (says_nothing(tail)) return std::nullopt;
  return hashed(salt, 'm', tail);
}

std::optional<Fingerprint> ports_fingerprint(std::string_view salt, const std::vector<std::string>& addresses) {
  constexpr unsigned kGroup = 1, kLocal = 2;
  std::vector<std::array<std::uint8_t, 6>> ports;
  for (const auto& address : addresses) {
    std::array<std::uint8_t, 6> bytes{};
    if (!read_bytes(trimmed(address), ':', true, bytes) || (bytes[0] & (kGroup | kLocal)) != 0) continue;
    if (!says_nothing(std::span<const std::uint8_t>(bytes).subspan(1))) ports.push_back(bytes);
  }
  std::ranges::sort(ports);
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  if (ports.empty()) return std::nullopt;
  std::vector<std::uint8_t> all;
  for (const auto& port : ports) all.insert(all.end(), port.begin(), port.end());
  return hashed(salt, 'p', all);
}

std::optional<Fingerprint> uuid_fingerprint(std::string_view salt, std::string_view uuid) {
  // What boards carry whose maker gave them none.
  constexpr Uuid kNobodys = {0x03, 0x00, 0x02, 0x00, 0x04, 0x00, 0x05, 0x00, 0x00, 0x06, 0x00, 0x07, 0x00, 0x08, 0x00, 0x09};
  Uuid bytes{};
  if (!read_bytes(trimmed(uuid), '-', false, bytes) || says_nothing(bytes)) return std::nullopt;
  const auto least = std::min(bytes, turned(bytes));
  if (least == std::min(kNobodys, turned(kNobodys))) return std::nullopt;
  return hashed(salt, 'u', least);
}

std::optional<Fingerprint> serial_fingerprint(std::string_view salt, std::string_view serial) {
  constexpr std::size_t kLeast = 4, kMost = 256;
  std::string text(trimmed(serial));
  if (text.size() < kLeast || text.size() > kMost || text.find_first_not_of(text.front()) == std::string::npos) return std::nullopt;
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return hashed(salt, 's', std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

}  // namespace capmap
