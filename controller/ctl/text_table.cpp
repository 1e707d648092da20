#include "controller/ctl/text_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "controller/ctl/language.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

constexpr std::string_view kGap = "  ", kEllipsis = "…";
constexpr std::size_t kNarrowestText = 8;

struct CodePointRange {
  char32_t first, last;
};
// Blocks that terminals draw two columns wide (Unicode East Asian Width W and F, rounded to blocks).
constexpr std::array<CodePointRange, 14> kWide = {{{0x1100, 0x115F},
                                                   {0x2E80, 0x303E},
                                                   {0x3041, 0x33FF},
                                                   {0x3400, 0x4DBF},
                                                   {0x4E00, 0x9FFF},
                                                   {0xA000, 0xA4CF},
                                                   {0xA960, 0xA97F},
                                                   {0xAC00, 0xD7A3},
                                                   {0xF900, 0xFAFF},
                                                   {0xFE30, 0xFE6F},
                                                   {0xFF00, 0xFF60},
                                                   {0xFFE0, 0xFFE6},
                                                   {0x1F300, 0x1FAFF},
                                                   {0x20000, 0x3FFFD}}};
constexpr std::array<CodePointRange, 3> kNoWidth = {{{0x0300, 0x036F}, {0xFE00, 0xFE0F}, {0x20D0, 0x20FF}}};
// Control characters, and marks that turn the direction of writing or cannot be seen.
constexpr std::array<CodePointRange, 7> kUnprintable = {
    {{0x00, 0x1F}, {0x7F, 0x9F}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xD800, 0xDFFF}}};

template <std::size_t N>
bool within(const std::array<CodePointRange, N>& ranges, char32_t point) {
  return std::ranges::any_of(ranges, [point](const CodePointRange& range) { return point >= range.first && point <= range.last; });
}

struct Character {
  std::optional<char32_t> point;  ///< absent: not UTF-8
  std::size_t bytes = 1;
};

/// The first character of a text that is not empty. Overlong spellings and what is above U+10FFFF are not UTF-8.
Character first_character(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t point = lead & (0x7Fu >> length);
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return {};
    point = (point << 6) | (byte(at) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeast[length] || point > 0x10FFFF) return {};
  return {point, length};
}

std::size_t character_width(const Character& character) {
  if (!character.point || within(kUnprintable, *character.point)) return 1;
  if (within(kNoWidth, *character.point)) return 0;
  return within(kWide, *character.point) ? 2 : 1;
}

std::string aligned(std::string_view text, std::size_t width, TextTable::Align align) {
  const std::string shown = fitted(text, width);
  const std::string padding(width - display_width(shown), ' ');
  return align == TextTable::Align::kRight ? padding + shown : shown + padding;
}

void trim_right(std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = first_character(text.substr(at));
    width += character_width(character);
    at += character.bytes;
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const Character character = first_character(text.substr(at));
    if (!character.point || within(kUnprintable, *character.point)) {
      shown += '?';
    } else {
      shown += text.substr(at, character.bytes);
    }
    at += character.bytes;
  }
  return shown;
}

std::string fitted(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  const std::size_t tail_width = (width - 1) / 2, head_width = width - 1 - tail_width;
  std::size_t used = 0, head = 0;
  while (used + character_width(first_character(text.substr(head))) <= head_width) {
    const Character character = first_character(text.substr(head));
    used += character_width(character);
    head += character.bytes;
  }
  std::size_t tail = head, left = display_width(text) - used;
  while (left > tail_width) {
    const Character character = first_character(text.substr(tail));
    left -= character_width(character);
    tail += character.bytes;
  }
  return std::string(text.substr(0, head)) + std::string(kEllipsis) + std::string(text.substr(tail));
}

std::string labelled(std::string_view label, std::string_view text, std::size_t label_width) {
  std::string lines = fitted(printable(label), label_width - 1);
  lines.append(label_width - display_width(lines), ' ');
  std::size_t column = label_width;
  const std::string shown = printable(text);
  for (std::size_t at = 0; at < shown.size();) {
    const std::size_t end = std::min(shown.find(' ', at), shown.size());
    const std::string word = shown.substr(at, end - at);
    if (column > label_width && column + 1 + display_width(word) > TextTable::kMaxWidth) {
      lines += "\n" + std::string(label_width, ' ');
      column = label_width;
    }
    if (column > label_width) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += display_width(word);
    at = end + 1;
  }
  return lines + "\n";
}

std::string plural(unsigned __int128 count, const std::string& thing) {
  return count_text(count) + " " + thing + (count == 1 ? "" : "s");
}

void TextTable::add(const std::vector<std::string>& cells) {
  std::vector<std::string> row(columns_.size());
  for (std::size_t i = 0; i < std::min(row.size(), cells.size()); ++i) row[i] = printable(cells[i]);
  rows_.push_back(std::move(row));
}

std::vector<std::optional<std::size_t>> TextTable::widths(const TableLook& look) const {
  std::vector<std::optional<std::size_t>> widths(columns_.size());
  std::size_t total = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].wide && !look.wide) continue;
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    widths[i] = width;
    total += width + (total == 0 ? 0 : kGap.size());
  }
  while (total > look.width && !look.wide) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!widths[i] || columns_[i].align != Align::kLeft || columns_[i].whole) continue;
      if (*widths[i] <= std::max(kNarrowestText, display_width(columns_[i].title))) continue;
      if (widest == columns_.size() || *widths[i] > *widths[widest]) widest = i;
    }
    if (widest == columns_.size()) break;
    --*widths[widest];
    --total;
  }
  return widths;
}

TextTable TextTable::translated(Language language) const {
  const auto word = [language](const std::string& text) {
    const auto blanks = std::min(text.find_first_not_of(' '), text.size());
    return text.substr(0, blanks) + std::string(in_language(language, std::string_view(text).substr(blanks)));
  };
  TextTable table = *this;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    table.columns_[i].title = word(columns_[i].title);
    if (!columns_[i].words) continue;
    for (auto& row : table.rows_) row[i] = word(row[i]);
  }
  return table;
}

std::string TextTable::text(const TableLook& look) const {
  if (look.language != Language::kEnglish) {
    auto plain = look;
    plain.language = Language::kEnglish;
    return translated(look.language).text(plain);
  }
  const auto column_widths = widths(look);
  const auto line_of = [this, &column_widths](const auto& cell) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!column_widths[i]) continue;
      if (!line.empty()) line += kGap;
      line += aligned(cell(i), *column_widths[i], columns_[i].align);
    }
    trim_right(line);
    return line;
  };
  const std::string titles = line_of([this](std::size_t i) -> std::string_view { return columns_[i].title; });
  std::string lines = (look.bold ? "\033[1m" + titles + "\033[0m" : titles) + "\n";
  for (const auto& row : rows_) lines += line_of([&row](std::size_t i) -> std::string_view { return row[i]; }) + "\n";
  return lines;
}

std::string csv_field(const std::string& field) {
  if (field.find_first_of("\",\r\n") == std::string::npos) return field;
  std::string text = "\"";
  for (const char c : field) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + "\"";
}

}  // namespace capmap
