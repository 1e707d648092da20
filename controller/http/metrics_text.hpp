#pragma once
#include <string>

#include "controller/metrics.hpp"

namespace capmap {

inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/// The text format of Prometheus: names in the order they first appear, HELP and TYPE once a name, samples of a name together, label
/// values and help escaped, whole numbers printed without an exponent. Samples with a name or label name outside the allowed
/// characters, and those whose kind or labels contradict an earlier sample of the name, are left out. Pure.
std::string metrics_text(const Metrics& metrics);

}  // namespace capmap
