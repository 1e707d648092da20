#include "agent/guest_lines.hpp"

#include <algorithm>

#include "agent/fields.hpp"

namespace capmap {
namespace {

std::string plain(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return text;
}

}  // namespace

std::string write_guest_lines(const GuestLines& lines) {
  std::string text;
  for (const auto& uuid : lines.uuids) text += "uuid " + plain(uuid) + "\n";
  for (const auto& address : lines.addresses) text += "mac " + plain(address) + "\n";
  for (std::size_t i = 0; i < std::min(lines.problems.size(), kMaxGuestProblems); ++i) {
    text += "problem " + plain(lines.problems[i].probe) + " " + plain(lines.problems[i].what) + "\n";
  }
  return text + "end\n";
}

Result<GuestLines> read_guest_lines(std::string_view text) {
  const auto malformed = [](const std::string& what) { return Error{ErrorCode::kMalformed, "capmap-probe guests: " + what}; };
  GuestLines lines;
  while (!text.empty()) {
    auto line = take_line(text);
    const auto kind = take_until(line, ' ');
    if (kind == "end" && text.empty()) return lines;
    auto& names = kind == "uuid" ? lines.uuids : lines.addresses;
    if (kind == "problem") {
      if (lines.problems.size() == kMaxGuestProblems) return malformed("too many problems");
      const auto probe = take_until(line, ' ');
      lines.problems.push_back({.probe = std::string(probe), .what = std::string(line)});
    } else if (kind != "uuid" && kind != "mac") {
      return malformed("a line begins with \"" + std::string(kind.substr(0, 40)) + "\"");
    } else if (names.size() == kMaxGuestNames) {
      return malformed("too many names");
    } else {
      names.emplace_back(line);
    }
  }
  return malformed("ends early");
}

}  // namespace capmap
