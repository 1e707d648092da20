#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "controller/metrics.hpp"

namespace capmap {

/// The two texts that Prometheus and its kin read.
enum class MetricsFormat : std::uint8_t { kPlain, kOpenMetrics };
inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr const char* kOpenMetricsContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a reader's Accept header asks for (RFC 9110, 12.5.1): OpenMetrics 1.0 where it names that and likes nothing of ours better, else
/// the plain text, which every reader takes. Pure.
MetricsFormat metrics_format(std::string_view accept);

/// Names in the order they first appear, HELP, TYPE and (OpenMetrics) UNIT once a name, samples of a name together, label values and help
/// escaped and made valid UTF-8, whole numbers printed without an exponent. Left out: samples with a name or label name outside the allowed
/// characters; those whose kind or labels contradict an earlier sample of the name; counters not called _total, or below zero, infos not
/// called _info. OpenMetrics: a counter's name is told without _total, the text ends in "# EOF". Pure.
std::string metrics_text(const Metrics& metrics, MetricsFormat format = MetricsFormat::kPlain);

}  // namespace capmap
