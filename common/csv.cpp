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

  /// Why the last record was refused, and on which line.
  [[nodiscard]] const CsvFault& fault() const { return fault_; }
  /// Behind the first line of the record that was refused.
  void pass_over() {
    const auto end = text_.find('\n', begun_at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    line_ = begun_line_ + 1;
  }

  Result<CsvRow> next() {
    begun_at_ = at_;
    begun_line_ = line_;
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
  Error malformed(const std::string& why) { return refused(ErrorCode::kMalformed, why); }
  Error full(const std::string& why) { return refused(ErrorCode::kFull, why); }
  Error refused(ErrorCode code, const std::string& why) {
    fault_ = {.line = line_, .why = why};
    return {code, place() + why};
  }
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
      if (cell.size() > limits_.cell_bytes) break;
    }
    line_ = opened;
    if (cell.size() > limits_.cell_bytes) return full("a cell of more than " + std::to_string(limits_.cell_bytes) + " bytes");
    return malformed("a quote that is never closed");
  }

  Result<std::string> checked(std::string cell) {
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
  std::size_t begun_at_ = 0, begun_line_ = 1;
  CsvFault fault_;
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

CsvTable parse_csv_rows(std::string_view text, const CsvLimits& limits, std::size_t most, std::vector<CsvFault>& faults) {
  CsvTable table;
  Reader reader({}, text, limits);
  auto header = reader.next();
  if (!header) {
    faults.push_back(reader.fault());
    return table;
  }
  table.header = std::move(header->cells);
  while (!reader.at_end() && faults.size() < most) {
    auto row = reader.next();
    if (!row) {
      faults.push_back(reader.fault());
      reader.pass_over();
      continue;
    }
    if (table.rows.size() == limits.rows) {
      faults.push_back({.line = row->line, .why = "more than " + std::to_string(limits.rows) + " rows"});
      break;
    }
    if (row->cells.size() == table.header.size()) {
      table.rows.push_back(std::move(*row));
      continue;
    }
    faults.push_back({.line = row->line,
                      .why = std::to_string(row->cells.size()) + " cells where the header has " + std::to_string(table.header.size()) +
                             ": a comma is missing, too much, or stands in a text without quotes"});
  }
  return table;
}

}  // namespace capmap
