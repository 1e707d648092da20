#include "common/labels.hpp"

#include <algorithm>

#include "common/utf8.hpp"

namespace capmap {
namespace {

bool is_key_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

}  // namespace

std::optional<std::string> label_problem(std::string_view key, std::string_view value) {
  if (key.empty() || key.size() > kMaxLabelBytes || !std::ranges::all_of(key, is_key_byte)) {
    return "is no label: a key has 1 to 63 of a-z 0-9 . _ -";
  }
  if (value.empty() || value.size() > kMaxLabelBytes || !is_printable_utf8(value)) {
    return "is no label: a value has 1 to 63 bytes of printable UTF-8";
  }
  return std::nullopt;
}

std::optional<std::string> put_label(std::vector<Label>& labels, std::string_view key, std::string_view value) {
  if (auto problem = label_problem(key, value)) return problem;
  const auto at = std::ranges::lower_bound(labels, key, {}, &Label::key);
  if (at != labels.end() && at->key == key) {
    at->value = value;
    return std::nullopt;
  }
  if (labels.size() >= kMaxLabels) return "is one label too many: a server has at most 16";
  labels.insert(at, Label{std::string(key), std::string(value)});
  return std::nullopt;
}

}  // namespace capmap
