#include "controller/ctl/json_items.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace capmap {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool over() const { return at_ == text_.size(); }
  [[nodiscard]] char next() const { return over() ? '\0' : text_[at_]; }
  void skip_blanks() {
    while (!over() && kBlanks.find(text_[at_]) != std::string_view::npos) step();
  }
  bool take(char wanted) {
    if (next() != wanted) return false;
    step();
    return true;
  }
  /// A text in quotes, without them and as it is written; absent: none, or not closed.
  std::optional<std::string_view> take_text() {
    if (!take('"')) return std::nullopt;
    const auto begin = at_;
    while (!over() && text_[at_] != '"') {
      if (text_[at_] == '\\') step();
      if (!over()) step();
    }
    if (over()) return std::nullopt;
    const auto found = text_.substr(begin, at_ - begin);
    step();
    return found;
  }
  /// Over one value, whatever it is. The reason why not.
  const char* pass_value() {
    std::string open;
    do {
      skip_blanks();
      if (over()) return "ends in the middle of a value";
      const char c = next();
      if (c == '"') {
        if (!take_text()) return "a text is not closed";
      } else if (c == '{' || c == '[') {
        if (open.size() == kMaxItemDepth) return "is nested deeper than any inventory";
        open += c == '{' ? '}' : ']';
        step();
      } else if (c == '}' || c == ']') {
        if (open.empty() || open.back() != c) return "brackets do not match";
        open.pop_back();
        step();
      } else if (c == ',' || c == ':') {
        if (open.empty()) return "a value is missing";
        step();
      } else {
        const auto begin = at_;
        while (!over() && std::string_view(",:{}[]\" \t\r\n").find(text_[at_]) == std::string_view::npos) step();
        if (at_ == begin) return "is no JSON";
      }
    } while (!open.empty());
    return nullptr;
  }

 private:
  void step() {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }
  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
};

Error wrong(const Scanner& scanner, const std::string& why) {
  return {ErrorCode::kMalformed, std::to_string(scanner.line()) + ": " + why};
}

Result<std::vector<JsonItem>> elements(Scanner& scanner, std::string_view text) {
  std::vector<JsonItem> items;
  scanner.take('[');
  scanner.skip_blanks();
  if (scanner.take(']')) return items;
  for (;;) {
    scanner.skip_blanks();
    const auto begin = scanner.at(), line = scanner.line();
    if (const char* why = scanner.pass_value()) return wrong(scanner, why);
    if (items.size() == kMaxJsonItems) return wrong(scanner, "more than " + std::to_string(kMaxJsonItems) + " entries: import it in parts");
    items.push_back({.text = text.substr(begin, scanner.at() - begin), .line = line});
    scanner.skip_blanks();
    if (scanner.take(']')) return items;
    if (!scanner.take(',')) return wrong(scanner, "a list goes on with a comma or ends with ]");
  }
}

}  // namespace

Result<std::vector<JsonItem>> json_items(std::string_view text, std::string_view list) {
  Scanner scanner(text);
  scanner.skip_blanks();
  if (scanner.next() == '[') return elements(scanner, text);
  if (scanner.next() != '{') return wrong(scanner, "is neither a list nor an object of JSON");
  const auto whole = scanner.at(), first_line = scanner.line();
  scanner.take('{');
  for (scanner.skip_blanks(); !scanner.over() && scanner.next() != '}'; scanner.skip_blanks()) {
    const auto name = scanner.take_text();
    scanner.skip_blanks();
    if (!name || !scanner.take(':')) return wrong(scanner, "a member has no name");
    scanner.skip_blanks();
    if (*name == list && scanner.next() == '[') return elements(scanner, text);
    if (const char* why = scanner.pass_value()) return wrong(scanner, why);
    scanner.skip_blanks();
    if (!scanner.take(',') && scanner.next() != '}') return wrong(scanner, "an object goes on with a comma or ends with }");
  }
  if (!scanner.take('}')) return wrong(scanner, "ends in the middle of an object");
  return std::vector<JsonItem>{{.text = text.substr(whole, scanner.at() - whole), .line = first_line}};
}

}  // namespace capmap
