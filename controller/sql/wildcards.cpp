#include "controller/sql/wildcards.hpp"

#include <cstring>
#include <string>
#include <vector>

namespace capmap {
namespace {

constexpr auto kNowhere = std::string_view::npos;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Bytes of the character that begins there; 1 where it is none.
std::size_t character_bytes(std::string_view text, std::size_t at) {
  std::size_t bytes = 1;
  if (static_cast<unsigned char>(text[at]) < 0xC0U) return bytes;
  while (at + bytes < text.size() && bytes < 4 && (static_cast<unsigned char>(text[at + bytes]) & 0xC0U) == 0x80U) ++bytes;
  return bytes;
}

/// One piece of a pattern against the text at a place: how many bytes of each it takes; none: it does not fit.
struct Taken {
  std::size_t pattern = 0, text = 0;
};

/// The classic walk: behind a star all is tried from one place, and on a mismatch from the next, back to the last star alone.
template <class IsStar, class Fit>
bool matches(std::string_view text, std::string_view pattern, IsStar is_star, Fit fit) {
  std::size_t at = 0, in = 0, star = kNowhere, from = 0;
  while (at < text.size()) {
    if (in < pattern.size() && is_star(in)) {
      star = ++in;
      from = at;
      continue;
    }
    const Taken taken = in < pattern.size() ? fit(at, in) : Taken{};
    if (taken.pattern != 0) {
      at += taken.text;
      in += taken.pattern;
    } else if (star != kNowhere) {
      from += character_bytes(text, from);
      at = from;
      in = star;
    } else {
      return false;
    }
  }
  while (in < pattern.size() && is_star(in)) ++in;
  return in == pattern.size();
}

/// "[a-c]" at `in`: whether the character fits, and how long the set is; a set that does not end fits nothing.
Taken fit_set(std::string_view pattern, std::size_t in, std::string_view character) {
  auto end = in + 1;
  const bool none_of = end < pattern.size() && pattern[end] == '^';
  end += none_of ? 1 : 0;
  bool found = false;
  std::string_view last;
  for (const auto first = end; end < pattern.size() && (pattern[end] != ']' || end == first);) {
    auto one = pattern.substr(end, character_bytes(pattern, end));
    const bool range = one == "-" && !last.empty() && end + 1 < pattern.size() && pattern[end + 1] != ']';
    if (range) {
      ++end;
      one = pattern.substr(end, character_bytes(pattern, end));
      found = found || (character >= last && character <= one);  // the order of UTF-8 is that of characters
      last = {};
    } else {
      found = found || character == one;
      last = one;
    }
    end += one.size();
  }
  if (end >= pattern.size() || found == none_of) return {};
  return {.pattern = end + 1 - in, .text = character.size()};
}

}  // namespace

bool is_like(std::string_view text, std::string_view pattern, char escape) {
  // A % that is escaped is a letter: one behind an odd number of escapes.
  std::vector<bool> literal(pattern.size());
  std::string plain;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool escaped = escape != '\0' && pattern[i] == escape;
    if (escaped && ++i == pattern.size()) return false;
    literal[plain.size()] = escaped;
    plain += pattern[i];
  }
  const std::string_view all = plain;
  const auto is_star = [&](std::size_t in) { return all[in] == '%' && !literal[in]; };
  return matches(text, all, is_star, [&](std::size_t at, std::size_t in) -> Taken {
    if (all[in] == '_' && !literal[in]) return {.pattern = 1, .text = character_bytes(text, at)};
    return lower(all[in]) == lower(text[at]) ? Taken{.pattern = 1, .text = 1} : Taken{};
  });
}

bool is_glob(std::string_view text, std::string_view pattern) {
  const auto is_star = [pattern](std::size_t in) { return pattern[in] == '*'; };
  return matches(text, pattern, is_star, [&](std::size_t at, std::size_t in) -> Taken {
    const auto character = text.substr(at, character_bytes(text, at));
    if (pattern[in] == '?') return {.pattern = 1, .text = character.size()};
    if (pattern[in] == '[') return fit_set(pattern, in, character);
    return pattern[in] == text[at] ? Taken{.pattern = 1, .text = 1} : Taken{};
  });
}

std::size_t find_text(std::string_view text, std::string_view part, std::size_t from) {
  if (from > text.size()) return kNowhere;
  const void* const found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? kNowhere : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::string_view trimmed(std::string_view text, std::string_view of, bool left, bool right) {
  const auto fits = [of](std::string_view character) {
    for (std::size_t i = 0; i < of.size(); i += character_bytes(of, i)) {
      if (of.substr(i, character_bytes(of, i)) == character) return true;
    }
    return false;
  };
  while (left && !text.empty()) {
    const auto first = text.substr(0, character_bytes(text, 0));
    if (!fits(first)) break;
    text.remove_prefix(first.size());
  }
  while (right && !text.empty()) {
    auto begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U && text.size() - begin < 4) --begin;
    if (!fits(text.substr(begin))) break;
    text = text.substr(0, begin);
  }
  return text;
}

}  // namespace capmap
