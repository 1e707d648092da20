#include "common/csv.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace capmap {
namespace {

/// Walks the text once, one record a call.
class Reader {
 public:
  Reader(std::string_view file, std::string_view text, const CsvLimits& limits) : file_(file), text_(text), limits_(limits) {}

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }

  Result<CsvRow> next() {
    CsvRow row{.line = line_, .cells = {}};
    for (;;) {
      if (row.cells.size() == limits_.columns) return full("more than " + std::to_string(limits_.columns) + " columns");
      auto cell = peek() == '"' ? quoted() : plain();
      if (!cell) return cell.error();
      row.cells.push_back(std::move(*cell));
      if (peek() != ',') break;
      ++at_;
    }
    if (auto error = line_end()) return *error;
    return row;
  }

 private:
  [[nodiscard]] char peek() const { return at_end() ? '\n' : text_[at_]; }
  [[nodiscard]] Error malformed(const std::string& why) const { return {ErrorCode::kMalformed, place() + why}; }
  [[nodiscard]] Error full(const std::string& why) const { return {ErrorCode::kFull, place() + why}; }
  [[nodiscard]] std::string place() const { return file_ + ":" + std::to_string(line_) + ": "; }

  Result<std::string> plain() {
    const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    const auto cell = text_.substr(at_, end - at_);
    if (cell.find('"') != std::string_view::npos) return malformed("a quote inside a cell that does not begin with one");
    at_ = end;
    return checked(std::string(cell));
  }

  Result<std::string> quoted() {
    const auto opened = line_;
    std::string cell;
    for (++at_; !at_end(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        if (at_end() || text_[at_] != '"') return checked(std::move(cell));
      }
      if (text_[at_] == '\n') ++line_;
      cell += text_[at_];
    }
    line_ = opened;
    return malformed("a quote that is never closed");
  }

  Result<std::string> checked(std::string cell) const {
    if (cell.size() > limits_.cell_bytes) return full("a cell of " + std::to_string(cell.size()) + " bytes");
    const auto control = [](char c) { return (c >= 0 && c < ' ' && c != '\n' && c != '\r' && c != '\t') || c == 0x7f; };
    if (std::any_of(cell.begin(), cell.end(), control)) return malformed("a control character");
    return cell;
  }

  std::optional<Error> line_end() {
    if (at_end()) return std::nullopt;
    if (text_[at_] == '\r') ++at_;
    if (peek() != '\n') return malformed("text after a closing quote, or a carriage return alone");
    if (!at_end()) ++at_;
    ++line_;
    return std::nullopt;
  }

  std::string file_;
  std::string_view text_;
  CsvLimits limits_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

std::optional<Error> check_header(const CsvTable& table) {
  auto names = table.header;
  std::sort(names.begin(), names.end());
  if (names.front().empty()) return Error{ErrorCode::kMalformed, table.file + ":1: a column without a name"};
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return std::nullopt;
  return Error{ErrorCode::kMalformed, table.file + ":1: column " + *twice + " is there twice"};
}

}  // namespace

Result<CsvTable> parse_csv(std::string_view file, std::string_view text, const CsvLimits& limits) {
  CsvTable table{.file = std::string(file), .header = {}, .rows = {}};
  if (text.size() > limits.text_bytes)
    return Error{ErrorCode::kFull, table.file + ": more than " + std::to_string(limits.text_bytes) + " bytes"};
  Reader reader(file, text, limits);
  auto header = reader.next();
  if (!header) return header.error();
  table.header = std::move(header->cells);
  if (const auto error = check_header(table)) return *error;
  while (!reader.at_end()) {
    auto row = reader.next();
    if (!row) return row.error();
    const auto place = table.file + ":" + std::to_string(row->line) + ": ";
    if (row->cells.size() != table.header.size()) {
      return Error{ErrorCode::kMalformed,
                   place + std::to_string(row->cells.size()) + " cells where the header has " + std::to_string(table.header.size())};
    }
    if (table.rows.size() == limits.rows) return Error{ErrorCode::kFull, place + "more than " + std::to_string(limits.rows) + " rows"};
    table.rows.push_back(std::move(*row));
  }
  return table;
}

}  // namespace capmap
