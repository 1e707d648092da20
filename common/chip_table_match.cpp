#include "common/chip_table_match.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace capmap {
namespace {

std::optional<std::uint32_t> decimal(std::string_view text) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

struct Range {
  std::uint32_t low = 0, high = 0;
};

std::optional<Range> range(std::string_view choice) {
  const auto dots = choice.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  const auto low = decimal(choice.substr(0, dots));
  const auto high = decimal(choice.substr(dots + 2));
  if (!low || !high || *low > *high) return std::nullopt;
  return Range{*low, *high};
}

bool choice_fits(std::string_view choice, std::string_view part) {
  if (choice == part) return true;
  const auto bounds = range(choice);
  const auto value = decimal(part);
  return bounds && value && *value >= bounds->low && *value <= bounds->high;
}

bool pattern_fits(std::string_view pattern, std::string_view identity) {
  const auto wanted = split(pattern, '-');
  const auto parts = split(identity, '-');
  if (parts.size() < wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto choices = split(wanted[i], '|');
    const auto fits = [&](std::string_view choice) { return choice_fits(choice, parts[i]); };
    if (std::none_of(choices.begin(), choices.end(), fits)) return false;
  }
  return true;
}

bool word_fits(const std::string& wanted, const std::string& word) {
  if (wanted.back() != '*') return wanted == word;
  return word.compare(0, wanted.size() - 1, wanted, 0, wanted.size() - 1) == 0;
}

void blank_out(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), what.size(), ' ');
  }
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool identity_matches(std::string_view patterns, std::string_view identity) {
  if (identity.empty()) return false;
  const auto choices = split(patterns, ' ');
  return std::any_of(choices.begin(), choices.end(), [&](std::string_view pattern) { return pattern_fits(pattern, identity); });
}

bool is_identity_pattern(std::string_view patterns) {
  for (const auto pattern : split(patterns, ' ')) {
    for (const auto part : split(pattern, '-')) {
      for (const auto choice : split(part, '|')) {
        const bool dotted = choice.find('.') != std::string_view::npos;
        if (choice.empty() || (dotted && !range(choice))) return false;
      }
    }
  }
  return true;
}

std::vector<std::string> name_words(std::string_view name) {
  std::string text(name);
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const auto* mark : {"(r)", "(tm)", "\u00ae", "\u2122", ",", "\t"}) blank_out(text, mark);
  std::vector<std::string> words;
  for (const auto word : split(text, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

NamePattern name_pattern(std::string_view text) {
  NamePattern pattern;
  if (text.empty()) return pattern;
  for (const auto choice : split(text, '|')) pattern.push_back(name_words(choice));
  return pattern;
}

bool name_matches(const NamePattern& pattern, const std::vector<std::string>& words) {
  const auto same = [](const std::string& word, const std::string& wanted) { return word_fits(wanted, word); };
  const auto fits = [&](const std::vector<std::string>& choice) {
    return std::search(words.begin(), words.end(), choice.begin(), choice.end(), same) != words.end();
  };
  return pattern.empty() || std::any_of(pattern.begin(), pattern.end(), fits);
}

}  // namespace capmap
