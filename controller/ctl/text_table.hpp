#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/ctl/table_look.hpp"

namespace capmap {

/// Columns of a terminal that a text takes: East Asian wide characters two, combining marks none.
std::size_t display_width(std::string_view text);
/// The text as it may go to a terminal: what others wrote (names, problems) must not move the cursor, so control characters,
/// direction marks and broken UTF-8 become '?'.
std::string printable(std::string_view text);
/// At most `width` columns; a longer text has a "…" in its middle: names of one family differ at the end.
std::string fitted(std::string_view text, std::size_t width);

/// "label     text", the text wrapped between words within TextTable::kMaxWidth and indented by label_width. Both are made printable.
std::string labelled(std::string_view label, std::string_view text, std::size_t label_width);
/// "1 node", "1,024 nodes"
std::string plural(unsigned __int128 count, const std::string& thing);

/// Rows under titles, aligned by display width, as wide as asked for where that can be had by shortening text columns.
class TextTable {
 public:
  enum class Align : unsigned char { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kRight;  ///< numbers right; text left, and shortened when the table is too wide
    bool whole = false;           ///< never shortened: ids, words of a list
    bool words = false;           ///< its cells are our own words, shown in the language of who reads
    bool wide = false;            ///< only for who asks for all columns
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// [column]; missing ones are empty. Cells are made printable.
  void add(const std::vector<std::string>& cells);
  /// Lines ending in '\n', without trailing spaces.
  [[nodiscard]] std::string text(const TableLook& look) const;

  static constexpr std::size_t kMaxWidth = TableLook{}.width;  ///< where nobody says otherwise

 private:
  [[nodiscard]] TextTable translated(Language language) const;
  /// [column]; absent: not shown.
  [[nodiscard]] std::vector<std::optional<std::size_t>> widths(const TableLook& look) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// A field of a CSV line, in quotes where it must have them (RFC 4180).
std::string csv_field(const std::string& field);

}  // namespace capmap
