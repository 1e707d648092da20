#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/host_root.hpp"

namespace capmap {

/// One place where the machine says what power it takes.
struct PowerMeter {
  std::string name;                          ///< "package-0", "dram", "psys"; of hwmon the chip's: "power_meter"
  std::string source;                        ///< "powercap/intel-rapl:0", "hwmon/hwmon2/power1_average"
  std::optional<std::uint32_t> limit_watts;  ///< that is enforced over the long term; absent where none is, or none is told
  std::string unreadable;                    ///< why its counter cannot be read; empty = it can
  bool operator==(const PowerMeter&) const = default;
};

struct EnergyFacts {
  std::vector<PowerMeter> meters;  ///< [meter], by source
  /// What the agent's power_watts is the power of: "platform" (psys; the packages' sum while psys tells less), "cpu_packages", "server",
  /// "processors"; empty = nothing.
  std::string power_covers;
};

/// Power meters of processors and of the whole server, and the limits that hold now; what a sheet quotes is not asked.
///
/// Source:  <root>/sys/class/powercap/intel-rapl* (AMD's too, parts of packages, the platform's psys, and the second view of a package):
///          constraint_N_power_limit_uw of the constraint named long_term, while `enabled` is not 0. <root>/sys/class/hwmon: power1_average
///          or power1_input and powerN_cap of the chips that read_power() knows. A package with two views is limited by the lower of both.
/// Thread:  any. Cost: some five small files a meter; at most 256 meters.
EnergyFacts read_power_meters(const HostRoot& root);

}  // namespace capmap
