#include "agent/metrics_request.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::string_view kPath = "/metrics";

/// Takes a word off the front, up to one blank.
std::string_view take_word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

MetricsRequest judge(std::string_view line) {
  const bool printable = std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  const auto method = take_word(line), target = take_word(line);
  if (!printable || method.empty() || !target.starts_with('/') || (line != "HTTP/1.1" && line != "HTTP/1.0")) return {.status = 400};
  if (target.substr(0, target.find('?')) != kPath) return {.status = 404};
  if (method != "GET" && method != "HEAD") return {.status = 405};
  return {.status = 200, .body = method == "GET"};
}

std::string_view words_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    default: return "Request Header Fields Too Large";
  }
}

}  // namespace

std::optional<MetricsRequest> read_metrics_request(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos || end > kMaxMetricsRequestBytes) {
    return bytes.size() > kMaxMetricsRequestBytes ? std::optional(MetricsRequest{.status = 431}) : std::nullopt;
  }
  return judge(bytes.substr(0, bytes.find("\r\n")));
}

std::string metrics_answer(const MetricsRequest& request, std::string_view text) {
  const auto words = words_of(request.status);
  if (request.status != 200) text = words;
  std::string answer = "HTTP/1.1 " + std::to_string(request.status) + " ";
  answer += words;
  answer += request.status == 200 ? "\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"
                                  : "\r\nContent-Type: text/plain; charset=utf-8";
  if (request.status == 405) answer += "\r\nAllow: GET, HEAD";
  answer += "\r\nContent-Length: " + std::to_string(text.size()) + "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";
  if (request.body) answer += text;
  return answer;
}

}  // namespace capmap
