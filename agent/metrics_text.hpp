#pragma once
#include <cstdint>
#include <string>

#include "agent/tick_report.hpp"
#include "common/link_counts.hpp"

namespace capmap {

/// What the metrics' own thread did so far.
struct MetricsCounts {
  std::uint64_t answered = 0;  ///< requests, refused ones too
  std::uint64_t cut = 0;       ///< connections ended before they had asked or read
};

/// The agent's own metrics as OpenMetrics 1.0: itself, its probes, its link, its process. A null report is one that no tick has made.
/// Source: what is handed in, and /proc/self/stat. Thread: any. Cost: one small read.
std::string agent_metrics_text(const TickReport* report, const LinkCounts& link, const MetricsCounts& own, std::uint64_t now_boot_ms);

}  // namespace capmap
