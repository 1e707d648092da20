#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace capmap {

/// One sample for /metrics. Each thread publishes its own list about once a second (Published<Metrics>); http prints them together.
struct Metric {
  std::string name;  ///< full Prometheus name, "capmap_ingest_messages_total"; counters end in _total, infos in _info, a unit stands before
  std::string help;  ///< one line; the same for all samples of a name
  enum class Kind : unsigned char { kCounter, kGauge, kInfo } kind = Kind::kCounter;  ///< kInfo: labels alone say something, the value is 1
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};
using Metrics = std::vector<Metric>;

}  // namespace capmap
