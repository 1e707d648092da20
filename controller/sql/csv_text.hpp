#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace capmap {

/// A table as text for spreadsheets and scripts (RFC 4180): one row of titles, fields with quotes around them where they must have them,
/// CRLF behind each row. What is not known is an empty field. Fields stand as they are: a name may begin with "=", so readers that run
/// formulas must take the columns of names as text.
class CsvText {
 public:
  explicit CsvText(const std::vector<std::string>& titles);
  /// As many fields as there are titles. Bytes that are not UTF-8 become U+FFFD, as in JSON.
  void add(const std::vector<std::string>& fields);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void write(const std::vector<std::string>& fields);

  std::size_t columns_;
  std::string text_;
};

}  // namespace capmap
