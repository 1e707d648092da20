// The bulletin as Markdown and as CSV.
#include "controller/http/bulletin.hpp"
#include "controller/sql/csv_text.hpp"

namespace capmap {
namespace {

std::string cell_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    c == '\n' ? out += "; " : out += c;
  }
  return out;
}

}  // namespace

std::string bulletin_markdown(const BulletinDocument& document) {
  std::string out = "# " + document.title + "\n\n";
  for (const auto& line : document.lines) out += "- " + line + "\n";
  for (const auto& table : document.tables) {
    out += "\n## " + table.title + "\n\n";
    if (!table.note.empty()) out += table.note + "\n\n";
    std::string line = "|";
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      out += "| " + cell_text(table.columns[i].title) + " ";
      line += table.columns[i].unit.empty() ? " --- |" : " ---: |";
    }
    out += "|\n" + line + "\n";
    for (const auto& row : table.rows) {
      for (const auto& cell : row) out += "| " + cell_text(cell.text) + " ";
      out += "|\n";
    }
  }
  return out;
}

std::string bulletin_csv(const BulletinDocument& document) {
  CsvText csv({"table", "row", "column", "unit", "value"});
  for (const auto& table : document.tables) {
    for (const auto& row : table.rows) {
      for (std::size_t i = 1; i < row.size(); ++i) {
        csv.add({table.title, row[0].raw, table.columns[i].title, table.columns[i].unit, row[i].raw});
      }
    }
  }
  return csv.text();
}

}  // namespace capmap
