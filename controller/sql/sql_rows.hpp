#pragma once
#include <cstddef>
#include <string>
#include <vector>

struct sqlite3_stmt;

namespace capmap {

/// Rows of a statement as text, one after the other.
///   JSON  whole numbers beyond 2^53 are texts of digits, blobs texts of hex digits, infinities "Infinity" and "-Infinity"
///   CSV   RFC 4180; null is an empty field
class SqlRows {
 public:
  SqlRows(std::vector<std::string> columns, bool csv);
  /// The row a statement stands at.
  void add(sqlite3_stmt* statement);
  [[nodiscard]] std::size_t bytes() const { return text_.size(); }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  /// All of it; nothing can be added behind.
  std::string take();

 private:
  std::vector<std::string> columns_;
  bool csv_;
  std::string text_;
  std::size_t count_ = 0;
};

}  // namespace capmap
