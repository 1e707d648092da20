#include "controller/ctl/host_list.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

namespace capmap {
namespace {

constexpr std::size_t kMostDigits = 9, kMostNameBytes = 255, kMostBrackets = 4;

Error wrong(std::string_view text, const char* why) {
  return {ErrorCode::kMalformed, "\"" + std::string(text.substr(0, 80)) + "\" is no list of hosts: " + why};
}

std::string padded(std::uint32_t number, std::size_t width) {
  auto digits = std::to_string(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

/// "001-064,070" with what stands before each.
Result<Done> add_ranges(std::string_view ranges, const std::string& before, std::size_t most, std::vector<std::string>& names) {
  while (!ranges.empty()) {
    const auto part = ranges.substr(0, ranges.find(','));
    ranges.remove_prefix(std::min(ranges.size(), part.size() + 1));
    const auto dash = part.find('-');
    const auto first = part.substr(0, dash), last = dash == std::string_view::npos ? first : part.substr(dash + 1);
    std::uint32_t from = 0, until = 0;
    const auto number = [](std::string_view digits, std::uint32_t& value) {
      const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      return !digits.empty() && digits.size() <= kMostDigits && read.ec == std::errc() && read.ptr == digits.data() + digits.size();
    };
    if (!number(first, from) || !number(last, until) || until < from) return wrong(part, "a range is two numbers, the lower one first");
    if (until - from >= most || names.size() + (until - from) >= most)
      return Error{ErrorCode::kFull, "more than " + std::to_string(most) + " hosts"};
    for (auto i = from; i <= until; ++i) names.push_back(before + padded(i, first.size()));
  }
  return Done{};
}

/// One name with its brackets.
Result<std::vector<std::string>> expand_one(std::string_view text, std::size_t most) {
  std::vector<std::string> names = {""};
  for (std::size_t brackets = 0;; ++brackets) {
    const auto open = text.find('[');
    for (auto& name : names) name.append(text.substr(0, open));
    if (open == std::string_view::npos) break;
    const auto close = text.find(']', open);
    if (close == std::string_view::npos || close == open + 1) return wrong(text, "a bracket is not closed, or empty");
    if (brackets == kMostBrackets) return wrong(text, "too many brackets in one name");
    const auto ranges = text.substr(open + 1, close - open - 1);
    std::vector<std::string> more;
    for (const auto& name : names) {
      if (auto added = add_ranges(ranges, name, most, more); !added) return added.error();
    }
    names = std::move(more);
    text.remove_prefix(close + 1);
  }
  if (names.front().empty() || names.front().size() > kMostNameBytes) return wrong(text, "a name has 1 to 255 characters");
  return names;
}

}  // namespace

Result<std::vector<std::string>> expand_hosts(std::string_view text, std::size_t most) {
  std::vector<std::string> hosts;
  while (!text.empty()) {
    std::size_t end = 0, depth = 0;
    for (; end < text.size() && (depth > 0 || text[end] != ','); ++end) {
      if (text[end] == '[') ++depth;
      if (text[end] == ']' && depth > 0) --depth;
    }
    auto names = expand_one(text.substr(0, end), most);
    if (!names) return names.error();
    if (hosts.size() + names->size() > most) return Error{ErrorCode::kFull, "more than " + std::to_string(most) + " hosts"};
    hosts.insert(hosts.end(), std::make_move_iterator(names->begin()), std::make_move_iterator(names->end()));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return hosts;
}

}  // namespace capmap
