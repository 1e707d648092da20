#include "controller/sql/counted_table.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace capmap {
namespace {

constexpr std::size_t kMostWords = 12;

bool is_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Words and signs in small letters; empty where there are more than any such statement has, or what is neither.
std::vector<std::string> words_of(std::string_view sql) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
      continue;
    }
    if (words.size() == kMostWords) return {};
    std::size_t end = at;
    while (end < sql.size() && is_letter(sql[end])) ++end;
    if (end == at) {
      if (std::string_view("()*;").find(c) == std::string_view::npos) return {};
      ++end;
    }
    std::string word(sql.substr(at, end - at));
    std::ranges::transform(word, word.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    words.push_back(std::move(word));
    at = end;
  }
  return words;
}

}  // namespace

std::optional<std::string> counted_table(std::string_view sql) {
  static constexpr std::array<std::string_view, 5> kBegin = {"select", "count", "(", "*", ")"};
  auto words = words_of(sql);
  while (!words.empty() && words.back() == ";") words.pop_back();
  if (words.size() < kBegin.size() || !std::equal(kBegin.begin(), kBegin.end(), words.begin())) return std::nullopt;
  std::size_t at = kBegin.size();
  if (words.size() == at + 4 && words[at] == "as" && is_letter(words[at + 1][0])) at += 2;
  if (words.size() != at + 2 || words[at] != "from" || !is_letter(words[at + 1][0])) return std::nullopt;
  return words[at + 1];
}

}  // namespace capmap
