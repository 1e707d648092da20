#include "common/ids.hpp"

#include <sodium.h>

#include "common/check.hpp"

namespace capmap {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648 base32, lower case
constexpr std::size_t kBase32Length = 26;                                   // 128 bits and two spare ones
constexpr std::size_t kTextLength = kBase32Length + 2;                      // prefix and '-'

Error malformed(std::string what) {
  return Error{ErrorCode::kMalformed, "id: " + std::move(what)};
}

void fill_random(void* memory, std::size_t length_bytes) {
  static const bool ready = sodium_init() >= 0;
  check(ready, "libsodium found no source of random bytes");
  randombytes_buf(memory, length_bytes);
}

}  // namespace

std::string id_text(char prefix, const std::array<std::uint8_t, 16>& bytes) {
  std::string text{prefix, '-'};
  text.reserve(kTextLength);
  unsigned waiting = 0;  // bits read and not yet written, the oldest highest
  unsigned waiting_bits = 0;
  for (const std::uint8_t byte : bytes) {
    waiting = (waiting << 8U) | byte;
    waiting_bits += 8;
    while (waiting_bits >= 5) {
      waiting_bits -= 5;
      text += kAlphabet[(waiting >> waiting_bits) & 31U];
    }
    waiting &= (1U << waiting_bits) - 1U;
  }
  text += kAlphabet[(waiting << (5U - waiting_bits)) & 31U];
  return text;
}

Result<std::array<std::uint8_t, 16>> id_bytes(char prefix, std::string_view text) {
  if (text.size() < 2 || text[0] != prefix || text[1] != '-') return malformed(std::string("does not begin with '") + prefix + "-'");
  if (text.size() != kTextLength) return malformed("is " + std::to_string(text.size()) + " characters long and not 28");
  std::array<std::uint8_t, 16> bytes{};
  std::size_t written = 0;
  unsigned waiting = 0;
  unsigned waiting_bits = 0;
  for (const char character : text.substr(2)) {
    const std::size_t value = kAlphabet.find(character);
    if (value == std::string_view::npos) return malformed("holds a character that is not one of a-z and 2-7");
    waiting = (waiting << 5U) | static_cast<unsigned>(value);
    waiting_bits += 5;
    if (waiting_bits < 8) continue;
    waiting_bits -= 8;
    bytes[written++] = static_cast<std::uint8_t>(waiting >> waiting_bits);
    waiting &= (1U << waiting_bits) - 1U;
  }
  if (waiting != 0) return malformed("has spare bits that are not zero in its last character");
  return bytes;
}

std::array<std::uint8_t, 16> random_id_bytes() {
  std::array<std::uint8_t, 16> bytes{};
  fill_random(bytes.data(), bytes.size());
  return bytes;
}

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  while (value == 0) fill_random(&value, sizeof value);
  return value;
}

std::uint64_t shape_prefix(const ShapeId& id) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 8; i-- > 0;) prefix = (prefix << 8U) | id.bytes[i];
  return prefix;
}

}  // namespace capmap
