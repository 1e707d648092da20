#include "controller/http/csv_table.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace capmap {
namespace {

constexpr unsigned kWholeQuality = 1'000;  ///< q=1, in thousandths

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// Takes the text up to the mark (or all of it) off the front.
std::string_view take_until(std::string_view& text, char mark) {
  const auto part = text.substr(0, text.find(mark));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return trimmed(part);
}

/// "0.8" -> 800. What is no quality counts as the whole.
unsigned quality_of(std::string_view text) {
  unsigned whole = 1;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (problem != std::errc{} || whole >= 1) return kWholeQuality;
  auto digits = text.substr(static_cast<std::size_t>(end - text.data()));
  unsigned quality = 0;
  for (unsigned unit = 100; unit > 0 && digits.size() > 1; unit /= 10) {
    digits.remove_prefix(1);
    if (digits[0] < '0' || digits[0] > '9') break;
    quality += unit * static_cast<unsigned>(digits[0] - '0');
  }
  return quality;
}

/// How much a media type is wanted by an Accept header, if it is named there.
std::optional<unsigned> wanted(std::string_view accept, std::string_view type) {
  while (!accept.empty()) {
    auto parameters = take_until(accept, ',');
    const auto name = take_until(parameters, ';');
    if (name.size() != type.size() || !std::equal(name.begin(), name.end(), type.begin(), [](char a, char b) {
          return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
        })) {
      continue;
    }
    while (!parameters.empty()) {
      const auto parameter = take_until(parameters, ';');
      if (parameter.starts_with("q=") || parameter.starts_with("Q=")) return quality_of(parameter.substr(2));
    }
    return kWholeQuality;
  }
  return std::nullopt;
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) out += c;
    if (!plain) out.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
  }
  return out;
}

}  // namespace

bool wants_csv(const HttpRequest& request) {
  const auto accept = header(request, "accept");
  if (!accept) return false;
  const auto csv = wanted(*accept, "text/csv");
  return csv && *csv > 0 && *csv > wanted(*accept, "application/json").value_or(0);
}

std::string next_link(const Target& target, const std::string& cursor) {
  std::string link = "<?cursor=" + escaped(cursor);
  for (const auto& [name, value] : target.query) {
    if (name != "cursor") link += "&" + escaped(name) + "=" + escaped(value);
  }
  return link + ">; rel=\"next\"";
}

HttpResponse csv_response(const CsvText& table) {
  return {.status = 200, .content_type = "text/csv; charset=utf-8; header=present", .body = table.text(), .headers = {}};
}

}  // namespace capmap
