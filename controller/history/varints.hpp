#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace capmap {

/// Whole numbers in as many bytes as they need, seven bits a byte, the lowest first.
inline void put_varint(std::vector<std::uint8_t>& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}
/// Small differences of either sign as small numbers: 0, -1, 1, -2 … become 0, 1, 2, 3 …
inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

/// Takes such numbers out of bytes, whatever they hold: each read says whether there was one.
class VarintReader {
 public:
  explicit VarintReader(std::span<const std::uint8_t> bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool read(std::uint64_t& value) {
    if (at_ != end_ && *at_ < 0x80) {  // nearly all
      value = *at_++;
      return true;
    }
    value = 0;
    for (unsigned shift = 0; at_ != end_ && shift < 64; shift += 7) {
      const std::uint64_t byte = *at_++;
      if (shift == 63 && byte > 1) return false;
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  /// At most `most`.
  bool read(std::uint64_t& value, std::uint64_t most) { return read(value) && value <= most; }
  bool read(std::string_view& text, std::size_t most) {
    std::uint64_t size = 0;
    if (!read(size, most) || size > left()) return false;
    text = {reinterpret_cast<const char*>(at_), static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }
  /// Passes over so many numbers.
  bool skip(std::size_t count) {
    for (; count > 0 && at_ != end_; ++at_) count -= *at_ < 0x80 ? 1 : 0;
    return count == 0;
  }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace capmap
