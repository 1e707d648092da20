#include "common/config_check.hpp"

#include <algorithm>
#include <cctype>

namespace capmap {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Follows a file character by character: what is text or comment, and whether a key or a value stands outside of them. toml++ looks ahead
/// over a whole number or date, quotes and all, and what it does at a character beyond ASCII there is undefined; so it must take for a text
/// whatever this takes for one. Where the two part, toml++ has refused the file before.
class TomlWalk {
 public:
  explicit TomlWalk(std::string_view text) : text_(text) {}

  std::optional<std::string> mistake() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        begin_line();
      } else if (quote_ != 0) {
        pass_quoted(c);
      } else if (const char* what = wrong_with(c)) {
        return std::to_string(line_) + ":" + std::to_string(at_ - line_begin_ + 1) + ": " + what;
      }
    }
    return std::nullopt;
  }

 private:
  void begin_line() {
    ++line_;
    line_begin_ = at_ + 1;
    quote_ = 0;
    key_ = key_ || open_.empty();
  }

  void pass_quoted(char c) {
    if (quote_ == '"' && c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
      ++at_;
    } else if (c == quote_ && c != '#') {
      quote_ = 0;
    }
  }

  /// A character outside texts and comments; null = nothing.
  const char* wrong_with(char c) {
    if (static_cast<unsigned char>(c) >= 0x80) return "characters beyond ASCII stand in texts of one line and comments alone";
    if (begins_time()) return "a date or time stands in quotes here";
    switch (c) {
      case '#': quote_ = c; return nullptr;
      case '"':
      case '\'': return open_text(c);
      case '=': return end_key();
      case '[':
      case '{': return open_brackets(c);
      case ']':
      case '}': return close_brackets(c);
      case ',': key_ = open_.empty() ? key_ : open_.back() == '{'; return nullptr;
      default: return nullptr;
    }
  }

  /// A date or a time begins here: no setting is one.
  [[nodiscard]] bool begins_time() const {
    const auto in_word = [](char c) { return is_digit(c) || c == '_' || c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (at_ > 0 && in_word(text_[at_ - 1])) return false;
    const auto has_form = [rest = text_.substr(at_)](std::string_view form) {
      return rest.size() >= form.size() && std::ranges::equal(rest.substr(0, form.size()), form, [](char c, char wanted) {
               return wanted == 'd' ? is_digit(c) : c == wanted;
             });
    };
    return has_form("dddd-") || has_form("dd:");
  }

  /// In the place of a value: nothing of one stands directly before.
  [[nodiscard]] bool value_may_begin() const {
    constexpr std::string_view kBefore = " \t\n=[,";
    return at_ > 0 && kBefore.find(text_[at_ - 1]) != std::string_view::npos;
  }

  const char* open_text(char quote) {
    if (text_.substr(at_).starts_with(std::string(3, quote))) return "a text stands in single or double quotes, on one line";
    if (!key_ && !value_may_begin()) return "a quote in the middle of a value; put all of it in quotes";
    quote_ = quote;
    return nullptr;
  }

  const char* end_key() {
    if (!key_) return "'=' stands once, between a key and its value; a value that has one stands in quotes";
    key_ = false;
    return nullptr;
  }

  const char* open_brackets(char bracket) {
    const bool first = text_.substr(line_begin_, at_ - line_begin_).find_first_not_of(" \t") == std::string_view::npos;
    if (key_) return first && bracket == '[' ? begin_header() : nullptr;  // elsewhere toml++ refuses it
    if (!value_may_begin()) return "a bracket in the middle of a value; put all of it in quotes";
    open_.push_back(bracket);
    key_ = bracket == '{';
    return nullptr;
  }

  /// A table's brackets: toml++ takes for granted that a key follows, and what it does else is undefined.
  const char* begin_header() {
    at_ += text_.substr(at_).starts_with("[[") ? 2 : 1;
    at_ = std::min(text_.find_first_not_of(" \t", at_), text_.size());
    const char c = at_ < text_.size() ? text_[at_] : '\n';
    const bool begins_key = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '"' || c == '\'' || c == ']';
    if (!begins_key) return "a table needs a name in its brackets";
    --at_;  // it is looked at next
    return nullptr;
  }

  const char* close_brackets(char bracket) {
    if (key_ && open_.empty()) return nullptr;  // of a header; elsewhere toml++ refuses it
    if (open_.empty() || open_.back() != (bracket == ']' ? '[' : '{')) return "a bracket that closes none";
    open_.pop_back();
    key_ = false;
    return nullptr;
  }

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1, line_begin_ = 0;
  char quote_ = 0;    ///< of the text we are in; '#': the rest of the line is a comment
  bool key_ = true;   ///< a key or the name of a table is what may come; else a value, or what follows it
  std::string open_;  ///< brackets around the value, outermost first
};

}  // namespace

std::optional<std::string> mistake_in_toml(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return TomlWalk(text).mistake();
}

}  // namespace capmap
