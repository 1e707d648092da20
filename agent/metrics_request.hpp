#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace capmap {

inline constexpr std::size_t kMaxMetricsRequestBytes = 4'096;  ///< line and headers

/// What came of a request.
struct MetricsRequest {
  int status = 200;  ///< 200: the metrics are wanted
  bool body = true;  ///< false: HEAD
};

/// Reads the head of an HTTP/1 request once it is whole; nothing while it is not. A body is not read: the connection ends with the answer.
/// 400: no HTTP; 404: another path than /metrics; 405: neither GET nor HEAD; 431: too long. Pure; reads untrusted bytes.
std::optional<MetricsRequest> read_metrics_request(std::string_view bytes);

/// The whole answer, headers first; it tells the peer that the connection ends.
std::string metrics_answer(const MetricsRequest& request, std::string_view text);

}  // namespace capmap
