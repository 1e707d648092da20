// Intel: what i915 and xe say of each card in sysfs, no library. Linux, Documentation/ABI/testing: sysfs-driver-intel-xe-hwmon,
// sysfs-driver-intel-i915-hwmon; drivers/gpu/drm/xe/xe_gt_freq.c (tileN/gtN/freq0), xe_tile_sysfs.c (physical_vram_size_bytes),
// drivers/gpu/drm/i915/gt/intel_gt_sysfs_pm.c (gt/gtN/rps_act_freq_mhz); lmem_*_bytes: intel-gpu/intel-gpu-i915-backports. Tiles are parts
// of their card, virtual functions are shown under their parent. Neither driver tells everybody how busy a card is, or who holds it.
#include <algorithm>
#include <map>
#include <utility>

#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/device_files.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr const char* kDrivers[] = {"i915", "xe"};
constexpr std::size_t kMostDevices = 256, kMostTiles = 16, kMostMonitors = 16, kMostFunctions = 256;
constexpr std::uint64_t kMostBytes = 1ULL << 50, kMostMicrowatts = 20'000'000'000, kMostMilliCelsius = 200'000, kMostMhz = 20'000;

/// Graphics inside a processor is a function of the root bus, "0000:00:02.0": no device of ours.
bool is_card(const std::string& name) {
  return name.size() >= 12 && name[name.size() - 2] == '.' && name.find(':') != std::string::npos &&
         name.compare(name.find(':') + 1, 3, "00:") != 0;
}

/// The counter of energy at the last look: power is its growth.
struct LastEnergy {
  std::uint64_t microjoules = 0, at_ms = 0;
};

/// The files of one card.
class Card {
 public:
  Card(const HostRoot& root, const Clock& clock, LastEnergy& energy, DeviceReading& reading)
      : root_(root), clock_(clock), energy_(energy), reading_(reading), folder_("sys/bus/pci/devices/" + reading.pci_address + "/") {}

  void read() {
    const auto vendor = root_.read_line(folder_ + "vendor"), device = root_.read_line(folder_ + "device");
    if (vendor && device && vendor->starts_with("0x") && device->starts_with("0x")) {
      reading_.pci_id = vendor->substr(2) + ":" + device->substr(2);
    }
    minor_ = minor_folder();
    read_memory();
    read_clock();
    read_monitor();
    read_health();
    read_functions();
  }

 private:
  std::optional<std::uint64_t> number(const std::string& path, std::uint64_t most) {
    const auto value = device_number(root_, path, path.substr(std::min(path.size(), folder_.size())), most, reading_, silent_);
    answered_ = answered_ || value;
    return value;
  }

  /// Names in a folder of the device that are a word and a number: "tile0", "gt1".
  [[nodiscard]] std::vector<std::string> numbered(const std::string& folder, std::string_view word) const {
    std::vector<std::string> found;
    const auto names = root_.list(folder, 4'096);
    for (const auto& name : names ? *names : std::vector<std::string>()) {
      const bool fits =
          name.size() > word.size() && name.starts_with(word) && name.find_first_not_of("0123456789", word.size()) == std::string::npos;
      if (fits && found.size() < kMostTiles) found.push_back(name);
    }
    return found;
  }

  [[nodiscard]] std::string minor_folder() const {
    const auto minors = numbered(folder_ + "drm", "card");
    return minors.empty() ? std::string() : folder_ + "drm/" + minors.front() + "/";
  }

  /// xe tells each tile's memory: the card's is their sum. i915 of Intel's own packages tells total and available.
  void read_memory() {
    std::uint64_t sum = 0;
    bool whole = true;
    for (const auto& tile : numbered(folder_, "tile")) {
      const auto bytes = number(folder_ + tile + "/physical_vram_size_bytes", kMostBytes);
      whole = whole && bytes && *bytes > 0;
      sum += bytes.value_or(0);
    }
    if (whole && sum > 0) reading_.memory_total_bytes = sum;
    if (reading_.memory_total_bytes || minor_.empty()) return;
    const auto total = number(minor_ + "lmem_total_bytes", kMostBytes), left = number(minor_ + "lmem_avail_bytes", kMostBytes);
    if (!total || *total == 0) return;
    reading_.memory_total_bytes = total;
    if (left && *left <= *total) reading_.memory_used_bytes = *total - *left;
  }

  /// The fastest of its parts now.
  void read_clock() {
    std::optional<std::uint64_t> fastest;
    for (const auto& tile : numbered(folder_, "tile")) {
      for (const auto& part : numbered(folder_ + tile, "gt")) {
        fastest = std::max(fastest, number(folder_ + tile + "/" + part + "/freq0/act_freq", kMostMhz));
      }
    }
    if (!minor_.empty()) {
      for (const auto& part : numbered(minor_ + "gt", "gt")) {
        fastest = std::max(fastest, number(minor_ + "gt/" + part + "/rps_act_freq_mhz", kMostMhz));
      }
      if (!fastest) fastest = number(minor_ + "gt_act_freq_mhz", kMostMhz);
    }
    if (fastest) reading_.core_mhz = to_u32(*fastest);
  }

  /// The card's own sensors; those named "i915_gt0" are of a part.
  void read_monitor() {
    const auto monitors = root_.list(folder_ + "hwmon", kMostMonitors);
    for (const auto& monitor : monitors ? *monitors : std::vector<std::string>()) {
      const std::string sensors = folder_ + "hwmon/" + monitor + "/";
      const auto name = root_.read_line(sensors + "name");
      if (!name || std::ranges::find(kDrivers, *name) == std::end(kDrivers)) continue;
      read_power(sensors);
      for (const char* file : {"temp1_input", "temp2_input"}) {  // xe counts its sensors from 2: 2 is the package's
        const auto heat = reading_.temperature_celsius ? std::nullopt : number(sensors + file, kMostMilliCelsius);
        if (heat) reading_.temperature_celsius = to_u32(*heat / 1'000);
      }
      return;
    }
  }

  /// Channel 1 is the card; 2, where it is told, is the package on it, whose power is not the card's.
  void read_power(const std::string& sensors) {
    for (const char* file : {"power1_max", "power1_rated_max"}) {
      const auto limit = number(sensors + file, kMostMicrowatts);
      if (limit && *limit > 0 && !reading_.power_limit_milliwatts) reading_.power_limit_milliwatts = to_u32(*limit / 1'000);
    }
    const auto energy = number(sensors + "energy1_input", UINT64_MAX);
    const auto now = clock_.boot_ms();
    if (!energy) return;
    const auto before = std::exchange(energy_, LastEnergy{.microjoules = *energy, .at_ms = now});
    if (before.at_ms == 0 || now <= before.at_ms) return;
    const auto grown = growth(before.microjoules, *energy);
    if (!grown || *grown / (now - before.at_ms) > kMostMicrowatts / 1'000) return;
    reading_.power_milliwatts = to_u32(*grown / (now - before.at_ms));  // microjoules a millisecond
  }

  void read_health() {
    const auto survival = root_.read_line(folder_ + "survivability_mode");  // only there when the card's firmware failed
    if (survival) {
      reading_.healthy = false;
      reading_.failures.emplace_back("the card is in survivability mode: its firmware failed, and it wants repair");
    } else if (silent_ && !answered_) {
      reading_.healthy = false;
      reading_.failures.emplace_back("the card does not answer its driver");
    } else if (answered_) {
      reading_.healthy = true;
    }
  }

  void read_functions() {
    const auto count = number(folder_ + "sriov_numvfs", kMostFunctions);
    if (!count) return;
    reading_.cut = reading_.cut_next = *count > 0;
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto address = root_.link_name(folder_ + "virtfn" + std::to_string(i));
      reading_.partitions.push_back({.name = "virtual function " + std::to_string(i),
                                     .memory_total_bytes = {},
                                     .memory_used_bytes = {},
                                     .pci_address = address ? *address : std::string()});
    }
  }

  const HostRoot& root_;
  const Clock& clock_;
  LastEnergy& energy_;
  DeviceReading& reading_;
  std::string folder_, minor_;              ///< of the device; of its node for graphics, empty = none
  bool silent_ = false, answered_ = false;  ///< a file is there and the driver cannot fill it; one was filled
};

class IntelBackend final : public DeviceBackend {
 public:
  IntelBackend(HostRoot root, const Clock& clock) : root_(std::move(root)), clock_(clock) {}

  [[nodiscard]] const char* name() const override { return "intel"; }
  [[nodiscard]] std::uint16_t pci_vendor() const override { return 0x8086; }

  Result<DriverFacts> open() override {
    for (const char* driver : kDrivers) {
      if (!root_.exists(folder_of(driver))) continue;
      DriverFacts facts;
      facts.never_told = "i915 and xe do not tell who uses a card, or how busy it is: use is unknown";
      if (const auto version = root_.read_line(std::string("sys/module/") + driver + "/version")) facts.driver_version = *version;
      return facts;
    }
    return Error{ErrorCode::kAbsent, "sys/bus/pci/drivers: neither i915 nor xe is loaded"};
  }

  Result<DeviceList> list() override {
    DeviceList list;
    for (const char* driver : kDrivers) {
      const auto names = root_.list(folder_of(driver));
      for (const auto& name : names ? *names : std::vector<std::string>()) {
        const bool part = root_.exists("sys/bus/pci/devices/" + name + "/physfn");
        if (is_card(name) && !part && list.pci_addresses.size() < kMostDevices) list.pci_addresses.push_back(name);
      }
    }
    std::ranges::sort(list.pci_addresses);
    for (const auto& address : list.pci_addresses) energies_[address];
    return list;
  }

  DeviceReading read(const std::string& pci_address) override {
    DeviceReading reading;
    reading.pci_address = pci_address;
    const auto energy = energies_.find(pci_address);
    if (energy != energies_.end()) Card(root_, clock_, energy->second, reading).read();
    return reading;
  }

  void close() override { energies_.clear(); }

 private:
  static std::string folder_of(const char* driver) { return std::string("sys/bus/pci/drivers/") + driver; }

  HostRoot root_;
  const Clock& clock_;
  std::map<std::string, LastEnergy> energies_;  ///< by PCI address, one entry a device: each is touched by its device's thread alone
};

}  // namespace

std::unique_ptr<DeviceBackend> make_intel_backend(HostRoot root, const Clock& clock) {
  return std::make_unique<IntelBackend>(std::move(root), clock);
}

}  // namespace capmap
