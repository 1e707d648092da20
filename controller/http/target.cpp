#include "controller/http/target.hpp"

#include <charconv>

namespace capmap {
namespace {

constexpr std::size_t kMaxTargetBytes = 4'096;
constexpr std::size_t kMaxParts = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Bytes of the UTF-8 sequence at the front of text; 0 when it is none (overlong, surrogate, over U+10FFFF, cut short).
std::size_t utf8_length(std::string_view text) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned second = at(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
      (first == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return length;
}

Result<Done> check_text(std::string_view text) {
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x20 || first == 0x7F) return Error{ErrorCode::kMalformed, "a control character in the path or query"};
    const std::size_t length = utf8_length(text);
    if (length == 0) return Error{ErrorCode::kMalformed, "the path or query is not UTF-8"};
    text.remove_prefix(length);
  }
  return Done{};
}

Result<std::string> unescape(std::string_view text, bool plus_is_space) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Error{ErrorCode::kMalformed, "\"%\" must be followed by two hex digits"};
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  if (auto valid = check_text(out); !valid) return valid.error();
  return out;
}

/// Takes the text up to the separator (or all of it) off the front.
std::string_view take_until(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const auto part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

Result<Done> read_query(std::string_view query, Target& target) {
  while (!query.empty()) {
    auto value = take_until(query, '&');
    if (value.empty()) continue;
    const auto name = take_until(value, '=');
    auto plain_name = unescape(name, true);
    if (!plain_name) return plain_name.error();
    auto plain_value = unescape(value, true);
    if (!plain_value) return plain_value.error();
    if (target.query.size() == kMaxParts) return Error{ErrorCode::kMalformed, "more than 16 query parameters"};
    target.query.emplace_back(std::move(*plain_name), std::move(*plain_value));
  }
  return Done{};
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  if (text.size() > kMaxTargetBytes) return Error{ErrorCode::kMalformed, "the request target is longer than 4096 bytes"};
  if (text.empty() || text[0] != '/') return Error{ErrorCode::kMalformed, "the request target must begin with \"/\""};
  auto path = take_until(text, '?');
  Target target;
  path.remove_prefix(1);
  for (bool more = !path.empty(); more;) {
    more = path.find('/') != std::string_view::npos;
    auto segment = unescape(take_until(path, '/'), false);
    if (!segment) return segment.error();
    if (target.segments.size() == kMaxParts) return Error{ErrorCode::kMalformed, "more than 16 path segments"};
    target.segments.push_back(std::move(*segment));
  }
  if (auto read = read_query(text, target); !read) return read.error();
  return target;
}

std::optional<std::string> parameter(const Target& target, std::string_view name) {
  for (const auto& [key, value] : target.query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<std::uint64_t> parse_count(std::string_view name, std::string_view text, std::uint64_t min, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size() || text.empty() || value < min || value > max) {
    return Error{ErrorCode::kMalformed,
                 std::string(name) + ": must be a number from " + std::to_string(min) + " to " + std::to_string(max)};
  }
  return value;
}

}  // namespace capmap
