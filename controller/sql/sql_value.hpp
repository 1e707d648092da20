#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace capmap {

/// Takes the value of one column of one row. What is not known is null, never 0.
class SqlValue {
 public:
  virtual ~SqlValue() = default;
  virtual void null() = 0;
  virtual void whole(std::int64_t value) = 0;
  virtual void real(double value) = 0;
  /// The text is copied.
  virtual void text(std::string_view value) = 0;
  /// The text lives until the statement ends.
  virtual void lasting(std::string_view value) = 0;

  /// Empty: null.
  void text_or_null(std::string_view value) { value.empty() ? null() : text(value); }
  void lasting_or_null(std::string_view value) { value.empty() ? null() : lasting(value); }
  void truth(bool value) { whole(value ? 1 : 0); }
  /// What 63 bits cannot hold is a real number.
  void count(std::uint64_t value) { value > INT64_MAX ? real(static_cast<double>(value)) : whole(static_cast<std::int64_t>(value)); }
  void count(const std::optional<std::uint64_t>& value) { value ? count(*value) : null(); }
  void count(const std::optional<std::uint32_t>& value) { value ? whole(*value) : null(); }
  void truth(const std::optional<bool>& value) { value ? truth(*value) : null(); }
};

}  // namespace capmap
