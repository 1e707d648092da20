#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace capmap {

/// How one probe of use did at the newest tick.
struct ProbeReport {
  const char* name = "";
  bool success = true;
  std::uint64_t took_us = 0;
};

/// What the tick thread publishes of itself after each tick, where somebody may ask.
struct TickReport {
  std::string version;
  std::uint64_t started_boot_ms = 0;
  std::uint64_t ticks = 0;
  std::uint64_t at_boot_ms = 0;  ///< of the newest
  std::uint64_t took_ms = 0;
  std::uint32_t interval_ms = 0;
  std::uint64_t problems = 0;  ///< lines in the newest reading
  bool shape_known = false;    ///< hello told the hardware, not only the host
  std::vector<ProbeReport> probes;
};

}  // namespace capmap
