#include "agent/probe/name_forms.hpp"

#include <algorithm>
#include <array>

namespace capmap {
namespace {

constexpr std::size_t kMostAhead = 256;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

template <class Is>
std::string_view run_of(std::string_view text, Is is) {
  return text.substr(0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is) - text.begin()));
}

bool ends_word(std::string_view text, std::size_t length) {
  return length >= text.size() || !is_letter_or_digit(text[length]);
}

/// Digits that are all zeros, or all ones.
bool says_nothing(std::string_view word) {
  const auto only = [word](char digit, char other) {
    return std::all_of(word.begin(), word.end(), [=](char c) { return c == digit || c == other || !is_hex(c); });
  };
  return only('0', '0') || only('f', 'F');
}

/// Hexadecimal digits give way, all else stays.
FoundName hidden_digits(std::string_view word) {
  std::string form(word);
  std::replace_if(form.begin(), form.end(), is_hex, 'x');
  return {.length = word.size(), .form = std::move(form)};
}

/// Groups of hexadecimal digits: each between `least` and `most` long; how many, 0 when one is not.
std::size_t groups_in(std::string_view word, char separator, std::size_t least, std::size_t most) {
  std::size_t count = 0;
  for (;;) {
    const auto digits = run_of(word, is_hex).size();
    if (digits < least || digits > most) return 0;
    ++count;
    if (digits == word.size()) return count;
    if (word[digits] != separator) return 0;
    word.remove_prefix(digits + 1);
  }
}

FoundName find_uuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  const auto word = text.substr(0, kForm.size());
  const bool fits = word.size() == kForm.size() && ends_word(text, kForm.size()) &&
                    std::equal(word.begin(), word.end(), kForm.begin(), [](char c, char f) { return f == 'x' ? is_hex(c) : c == f; });
  return fits && !says_nothing(word) ? hidden_digits(word) : FoundName{};
}

/// "b8:59:9f:01:02:03" and longer ones, with dashes as well; "b859.9f01.0203"; "b859:9f03:0001:0203"; what holds seven colons or "::".
FoundName find_grouped(std::string_view text) {
  for (const char separator : {':', '-', '.'}) {
    auto word = run_of(text, [separator](char c) { return is_hex(c) || c == separator; });
    if (!ends_word(text, word.size())) continue;
    while (!word.empty() && word.back() == separator && !word.ends_with("::")) word.remove_suffix(1);
    if (says_nothing(word)) continue;
    if (separator == '.') {
      if (groups_in(word, '.', 4, 4) == 3 && !std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || c == '.'; }))
        return hidden_digits(word);
      continue;
    }
    const auto pairs = groups_in(word, separator, 2, 2);
    if (pairs == 6) return {.length = word.size(), .form = "02" + hidden_digits(word.substr(2)).form};
    if (pairs > 6 || groups_in(word, ':', 4, 4) == 4 || groups_in(word, ':', 1, 4) == 8) return hidden_digits(word);
    if (separator == ':' && word.size() > 3 && word.find("::") != std::string_view::npos && word.substr(0, word.find("::")) != "0")
      return hidden_digits(word);
  }
  return {};
}

FoundName find_ipv4(std::string_view text) {
  const auto word = run_of(text, [](char c) { return is_digit(c) || c == '.'; });
  auto rest = word.ends_with('.') ? word.substr(0, word.size() - 1) : word;
  const auto whole = rest;
  if (!ends_word(text, word.size()) || whole.starts_with("127.") || whole == "0.0.0.0") return {};
  std::size_t groups = 0;
  for (; !rest.empty(); ++groups) {
    const auto digits = run_of(rest, is_digit);
    if (digits.empty() || digits.size() > 3 || (digits.size() == 3 && digits > "255") || (digits.size() > 1 && digits[0] == '0')) return {};
    rest.remove_prefix(std::min(rest.size(), digits.size() + 1));
  }
  return groups == 4 ? FoundName{.length = whole.size(), .form = "ip-xxxxxxxx"} : FoundName{};
}

FoundName find_qualified(std::string_view text) {
  if (!text.starts_with("nqn.") && !text.starts_with("iqn.")) return {};
  const auto word = run_of(text, [](char c) { return c > ' ' && c != '"' && c != '\'' && c != ',' && c != '<' && c != '/'; });
  return {.length = word.size(), .form = std::string(word.substr(0, 4)) + "xxxxxxxxxxxxxxxx"};
}

/// 12 digits and more of which some are letters, 32 in any case; WWNs also of digits alone where their prefix says what they are.
FoundName find_long_hex(std::string_view text) {
  constexpr std::array<std::string_view, 2> kPrefixes = {"0x", "enx"};
  std::string_view prefix;
  for (const auto one : kPrefixes) {
    if (text.starts_with(one)) prefix = one;
  }
  const auto digits = run_of(text.substr(prefix.size()), is_hex);
  if (!ends_word(text, prefix.size() + digits.size()) || says_nothing(digits)) return {};
  const bool letters = !std::all_of(digits.begin(), digits.end(), is_digit);
  const bool figures = std::any_of(digits.begin(), digits.end(), is_digit);
  const bool number = digits.starts_with("0000");  // an address in memory or a mask, written out in full
  const bool wwn = digits.size() == 16 && (prefix == "0x" || digits[0] == '5') && !number;
  const bool mac = digits.size() == 12 && prefix == "enx";
  const bool mixed = digits.size() >= (prefix == "0x" ? 16U : 12U) && letters && figures && !number;
  if (digits.size() < 32 && !wwn && !mac && !mixed) return {};
  return {.length = prefix.size() + digits.size(), .form = std::string(prefix) + hidden_digits(digits).form};
}

}  // namespace

bool is_letter_or_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

FoundName find_name_form(std::string_view text, bool ipv4) {
  text = text.substr(0, kMostAhead);
  if (auto found = find_uuid(text); found.length > 0) return found;
  if (auto found = find_grouped(text); found.length > 0) return found;
  if (auto found = ipv4 ? find_ipv4(text) : FoundName{}; found.length > 0) return found;
  if (auto found = find_qualified(text); found.length > 0) return found;
  return find_long_hex(text);
}

}  // namespace capmap
