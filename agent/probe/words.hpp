#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/hardware.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// What a probe of one family hands back: the value as far as it could be read, and every place that could not.
template <class T>
struct Probed {
  T value{};
  std::vector<Problem> problems;
};

/// Text without blanks at either end.
std::string_view trim_blanks(std::string_view text);
/// Trimmed, every run of blanks one space: the form of model names.
std::string single_spaced(std::string_view text);
/// Words between blanks.
std::vector<std::string_view> split_words(std::string_view text);
/// Takes the next line off `text`, without its end; false when none is left.
bool next_line(std::string_view& text, std::string_view& line);
/// "key : value" of a /proc or os-release line, both trimmed; empty key when the separator is missing.
std::pair<std::string_view, std::string_view> split_pair(std::string_view line, char separator);
/// A number that is the whole text, in base 10 or 16 (with or without 0x). Absent when it is none.
std::optional<std::uint64_t> number_in(std::string_view text, int base = 10);
std::string lower_case(std::string_view text);
/// True when `part` stands anywhere in `text`.
bool has(std::string_view text, std::string_view part);
/// The first line of a file, without blanks at its ends; empty where there is none, or where it cannot be read.
std::string line_of(const HostRoot& root, std::string_view path);

}  // namespace capmap
