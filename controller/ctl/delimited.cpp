#include "controller/ctl/delimited.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace capmap {
namespace {

constexpr std::array kMarks = {',', ';', '\t'};

char mark_of(std::string_view text) {
  std::array<std::size_t, kMarks.size()> counts{};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && c == '\n') break;
    for (std::size_t i = 0; i < kMarks.size(); ++i) counts[i] += !quoted && c == kMarks[i] ? 1 : 0;
  }
  return kMarks[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
}

/// The same table with commas between its fields: a field that holds one gets quotes.
std::string with_commas(std::string_view text, char mark) {
  std::string out, field;
  out.reserve(text.size() + text.size() / 8);
  bool quoted = false, was_quoted = false;
  const auto end_field = [&] {
    const bool comma = !was_quoted && field.find(',') != std::string::npos;
    out += comma ? "\"" + field + "\"" : field;
    field.clear();
    was_quoted = false;
  };
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
      was_quoted = true;
      field += c;
    } else if (!quoted && (c == mark || c == '\n')) {
      const bool carriage = c == '\n' && field.ends_with('\r');
      if (carriage) field.pop_back();
      end_field();
      out += c == '\n' ? (carriage ? "\r\n" : "\n") : ",";
    } else {
      field += c;
    }
  }
  end_field();
  return out;
}

std::string title_of(std::string text) {
  for (char& c : text) {
    c = c == ' ' ? '_' : static_cast<unsigned char>(c) < 0x80 ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : c;
  }
  return text;
}

std::size_t column_of(const CsvTable& table, std::initializer_list<std::string_view> titles) {
  for (const auto title : titles) {
    const auto at = std::ranges::find(table.header, title);
    if (at != table.header.end()) return static_cast<std::size_t>(at - table.header.begin());
  }
  return SIZE_MAX;
}

}  // namespace

CsvTable parse_delimited(std::string_view text, const CsvLimits& limits, std::size_t most, std::vector<CsvFault>& faults) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const char mark = mark_of(text);
  auto table = mark == ',' ? parse_csv_rows(text, limits, most, faults) : parse_csv_rows(with_commas(text, mark), limits, most, faults);
  for (auto& title : table.header) title = title_of(std::move(title));
  return table;
}

std::string_view cell_below(const CsvTable& table, const CsvRow& row, std::initializer_list<std::string_view> titles) {
  const auto column = column_of(table, titles);
  return column < row.cells.size() ? std::string_view(row.cells[column]) : std::string_view();
}

bool has_title(const CsvTable& table, std::initializer_list<std::string_view> titles) {
  return column_of(table, titles) != SIZE_MAX;
}

}  // namespace capmap
