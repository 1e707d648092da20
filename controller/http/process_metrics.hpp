#pragma once
#include "controller/metrics.hpp"

namespace capmap {

/// What Prometheus' own libraries tell of every process, under their names: CPU time, memory, descriptors, start.
///
/// Source:  /proc/self/stat, /proc/stat (proc(5)), the folder /proc/self/fd, getrlimit.
/// Errors:  what cannot be read is left out.
/// Thread:  any; no state. Cost: three small reads and a listing, which is bounded by the limit of descriptors.
Metrics process_metrics();

}  // namespace capmap
