#pragma once
#include <cstdint>
#include <string_view>

#include "controller/sql/sql_value.hpp"

namespace capmap {

/// A number for a value, the same for values that SQLite may hold equal: 5, 5.0 and "5" have one.
std::uint64_t key_of(std::string_view text);
std::uint64_t key_of(double number);

/// Takes the key of a value.
class KeyOfValue final : public SqlValue {
 public:
  void null() override { known_ = false; }
  void whole(std::int64_t value) override { put(key_of(static_cast<double>(value))); }
  void real(double value) override { put(key_of(value)); }
  void text(std::string_view value) override { put(key_of(value)); }
  void lasting(std::string_view value) override { put(key_of(value)); }
  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] std::uint64_t key() const { return key_; }

 private:
  void put(std::uint64_t key) {
    key_ = key;
    known_ = true;
  }
  std::uint64_t key_ = 0;
  bool known_ = false;
};

}  // namespace capmap
