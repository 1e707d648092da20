#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/hardware.hpp"

namespace capmap {

/// Cold records as bytes: numbers of seven bits a byte, texts with their length in front. Written and read by cold_store.cpp alone.
class ColdWriter {
 public:
  void number(std::uint64_t value) {
    while (value >= 0x80) {
      bytes_ += static_cast<char>(value | 0x80);
      value >>= 7;
    }
    bytes_ += static_cast<char>(value);
  }
  template <class Number>
  void maybe(const std::optional<Number>& value) {
    number(value ? 1 : 0);
    if (value) number(static_cast<std::uint64_t>(*value));
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_ += value;
  }
  void texts(const std::vector<std::string>& values) {
    number(values.size());
    for (const auto& value : values) text(value);
  }
  void problems(const std::vector<Problem>& values) {
    number(values.size());
    for (const auto& value : values) {
      text(value.probe);
      text(value.what);
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what ColdWriter wrote, in the same order. Borrows the bytes.
class ColdReader {
 public:
  explicit ColdReader(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) break;
    }
    return value;
  }
  template <class Number>
  void maybe(std::optional<Number>& value) {
    if (number() != 0) value = static_cast<Number>(number());
  }
  std::string text() {
    const auto size = number();
    std::string value(bytes_.substr(0, size));
    bytes_.remove_prefix(value.size());
    return value;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> values(number());
    for (auto& value : values) value = text();
    return values;
  }
  std::vector<Problem> problems() {
    std::vector<Problem> values(number());
    for (auto& value : values) {
      value.probe = text();
      value.what = text();
    }
    return values;
  }

 private:
  std::string_view bytes_;
};

}  // namespace capmap
