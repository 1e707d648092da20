// An answer of the API as YAML, for people and for tools that read nothing else.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "controller/ctl/output.hpp"

namespace capmap {
namespace {

// Words that some reader takes for something else than text (YAML 1.1 and 1.2), in small letters.
constexpr std::array<std::string_view, 11> kTaken = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf"};

bool is_plain(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto inner = [letter](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/'; };
  if (text.empty() || !letter(text.front()) || !std::ranges::all_of(text, inner)) return false;
  std::string small(text);
  std::ranges::transform(small, small.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::ranges::find(kTaken, small) == kTaken.end();
}

std::string scalar(const ApiJson& value) {
  if (value.is_string() && is_plain(value.get_ref<const std::string&>())) return value.get<std::string>();
  return value.dump(-1, ' ', false, ApiJson::error_handler_t::replace);  // a text of JSON is one of YAML; so are [] and {}
}

bool is_block(const ApiJson& value) {
  return (value.is_object() || value.is_array()) && !value.empty();
}

/// Lines at `indent` blanks; the first without them where it stands behind "- ".
void write(const ApiJson& value, std::size_t indent, bool begun, std::string& text) {
  const auto begin_line = [&] {
    if (!begun) text.append(indent, ' ');
    begun = false;
  };
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, member] : value.items()) {
      begin_line();
      text += scalar(ApiJson(key)) + ":";
      text += is_block(member) ? "\n" : " " + scalar(member) + "\n";
      if (is_block(member)) write(member, indent + 2, false, text);
    }
  } else if (value.is_array() && !value.empty()) {
    for (const auto& entry : value) {
      begin_line();
      text += "- ";
      if (is_block(entry)) {
        write(entry, indent + 2, true, text);
      } else {
        text += scalar(entry) + "\n";
      }
    }
  } else {
    begin_line();
    text += scalar(value) + "\n";
  }
}

}  // namespace

std::string yaml_text(const ApiJson& value) {
  std::string text;
  write(value, 0, false, text);
  return text;
}

}  // namespace capmap
