#pragma once
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "agent/kept_file.hpp"
#include "common/host_root.hpp"
#include "common/result.hpp"

namespace capmap {

/// RAPL's domain of the whole platform: what goes into the server, not what its processors take of it.
inline constexpr std::string_view kPlatformDomain = "psys";
/// No package, and no server, takes more.
inline constexpr std::uint64_t kMostPackageWatts = 1'000, kMostPlatformWatts = 16'000;

/// One number of a sysfs file, in the file's own unit. Errors: kMalformed naming `path`. Thread: any; pure.
Result<std::uint64_t> parse_counter(std::string_view text, const std::string& path);

/// What an energy counter grew by, microjoules. A counter that starts again at `range_uj` (0 = not known) is followed once around; empty
/// when it may have gone round more than once in elapsed_ms at `most_watts`, when it went backwards otherwise, or stood still (no processor
/// uses nothing).
std::optional<std::uint64_t> energy_growth(std::uint64_t before_uj, std::uint64_t after_uj, std::uint64_t range_uj,
                                           std::uint64_t elapsed_ms, std::uint64_t most_watts = kMostPackageWatts);

/// Microjoules in elapsed_ms as watts, rounded; empty when no time went by or no server can take so much (over 65,535 W).
std::optional<std::uint32_t> mean_watts(std::uint64_t grown_uj, std::uint64_t elapsed_ms);

/// One RAPL domain: its counter and where that starts again.
struct EnergyDomain {
  EnergyDomain(const std::string& folder, std::uint64_t range) : path(folder + "/energy_uj"), file(path), range_uj(range) {}
  std::string path;
  KeptFile file;
  std::uint64_t range_uj = 0;
  std::optional<std::uint64_t> before_uj;
};

/// One hwmon sensor, microwatts.
struct PowerSensor {
  explicit PowerSensor(const std::string& file_path) : path(file_path), file(file_path) {}
  std::string path;
  KeptFile file;
};

/// What can say what a server takes, the best first; bits of EnergyMemory::passed_over.
enum PowerSource : std::uint8_t { kServerMeter = 1, kPackageCounters = 2, kProcessorSensors = 4 };

/// What one tick leaves for the next.
struct EnergyMemory {
  std::list<EnergyDomain> domains;       ///< the packages
  std::optional<EnergyDomain> platform;  ///< psys, where it is beside the packages
  std::list<PowerSensor> sensors;
  PowerSource source = kServerMeter;  ///< whose the domains or sensors are, where there are any
  std::uint8_t passed_over = 0;       ///< sources that could not be read
  std::optional<Error> failed;        ///< why nothing is read until the next look
  std::uint32_t ticks = 0;
  std::uint64_t before_ms = 0;
};
inline constexpr std::uint32_t kPowerLookEvery = 30;    ///< ticks: what is there, where nothing is read
inline constexpr std::uint32_t kPowerRetryEvery = 360;  ///< ticks: sources that were passed over are tried again

/// True for hwmon chips whose power is that of the server or of its processors; others' (drives, cards) are parts of it. Pure.
bool measures_host_power(std::string_view chip);

/// Reads the power this server takes now, as far as it can be measured from inside.
///
/// Source:  <root>/sys/class/hwmon: power1_average, else power1_input, of an ACPI power meter, which sees the whole server. Else
///          <root>/sys/class/powercap/intel-rapl:N (AMD's too), the domains named psys and package-*: energy_uj, max_energy_range_uj;
///          readable by root or a group only on most kernels. psys, the whole platform, counts where it grew by more than the packages
///          together: some firmware leaves it at zero or far below. Else the sensors of the chips that measure processors. A source that
///          cannot be read, or tells what no server takes, is passed over for the next one.
/// Returns: watts; empty on the first call with RAPL, where nothing measures, and when the counters cannot tell. All packages or none:
///          a part of the sum would be a wrong number.
/// Errors:  of the first source, where there is one and none could be read: those of KeptFile::read, kMalformed; the same one until the
///          next look, each kPowerLookEvery ticks.
/// Thread:  one, with its EnergyMemory. Cost: one small read a package.
Result<std::optional<std::uint32_t>> read_power(const HostRoot& root, EnergyMemory& memory, std::uint64_t now_ms);

}  // namespace capmap
