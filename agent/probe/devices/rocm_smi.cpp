// AMD: what ROCm SMI says of each card. See rocm_smi_api.hpp for where its declarations come from. Several devices at one address are the
// partitions of one card; two addresses with one serial are the dies of one card.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "agent/probe/devices/amd_cards.hpp"
#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/join_readings.hpp"
#include "agent/probe/devices/rocm_smi_api.hpp"

namespace capmap {
namespace {

using rocm_smi::Api;

constexpr std::uint64_t kMostBytes = 1ULL << 50U, kMostMicrowatts = 20'000'000'000;
constexpr std::uint64_t kMostErrors = 1ULL << 48U;
constexpr std::int64_t kMostMilliCelsius = 200'000;
constexpr std::uint32_t kMostDevices = 1'024;
constexpr std::uint64_t kFunctionBits = 7;
constexpr std::string_view kWhole = "SPX";

using Name = std::array<char, 128>;

std::string text_of(const Name& name) {
  return {name.data(), strnlen(name.data(), name.size())};
}

/// Codes that the library makes of a card which does not answer its driver (EIO, ENXIO, ENODEV).
bool is_silence(unsigned code) {
  return code == rocm_smi::kUnexpectedSize || code == rocm_smi::kUnexpectedData || code == rocm_smi::kUnknownError;
}

/// "CPX"; empty where the card cannot be cut or the library does not tell.
std::string partition_mode(const Api& api, std::uint32_t device) {
  Name mode{};
  const bool told = api.compute_partition != nullptr && api.compute_partition(device, mode.data(), mode.size() - 1) == rocm_smi::kSuccess;
  return told ? text_of(mode) : std::string();
}

/// Of the PCI id of a card or of a partition that is a function of it.
std::string card_address(std::uint64_t id) {
  return amd_address(id >> 32U, id & ~kFunctionBits);
}

/// The calls on one device, into a reading of its own.
class DeviceReader {
 public:
  DeviceReader(const Api& api, std::uint32_t device, DeviceReading& reading) : api_(api), device_(device), reading_(reading) {}

  void read() {
    read_identity();
    answered_ = silent_ = false;  // who a card is the kernel remembers
    read_memory();
    read_load();
    read_health();
  }

 private:
  /// True when a value came. What is not offered stays absent without a word; anything else is told.
  template <class Function, class... Arguments>
  bool call(Function function, const char* what, Arguments... arguments) {
    if (function == nullptr) return false;
    const unsigned code = function(device_, arguments...);
    answered_ = answered_ || code == rocm_smi::kSuccess;
    silent_ = silent_ || is_silence(code);
    if (code == rocm_smi::kSuccess) return true;
    if (code != rocm_smi::kNotSupported && code != rocm_smi::kNotYetImplemented && code != rocm_smi::kNoData) {
      reading_.failures.push_back(std::string(what) + ": " + rocm_smi::to_words(code));
    }
    return false;
  }

  template <class Number>
  bool in_bounds(Number value, Number most, const char* what) {
    if (std::cmp_greater_equal(value, 0) && value <= most) return true;
    reading_.failures.push_back(std::string(what) + ": " + std::to_string(value) + " has no meaning");
    return false;
  }

  void read_identity() {
    std::uint16_t vendor = 0, device = 0;
    if (call(api_.vendor_id, "vendor", &vendor) && call(api_.device_id, "device", &device) && vendor != 0 && device != 0) {
      std::array<char, 16> id{};
      std::snprintf(id.data(), id.size(), "%04x:%04x", vendor, device);
      reading_.pci_id = id.data();
    }
    Name name{};
    if (call(api_.device_name, "name", name.data(), name.size() - 1)) {
      reading_.name = text_of(name);
      if (reading_.name.starts_with("0x")) reading_.name.clear();  // the library's list of names lacks the card
    }
    std::uint64_t unique = 0;
    if (call(api_.unique_id, "unique id", &unique) && unique != 0) {
      std::array<char, 20> digits{};
      std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(unique));
      reading_.uuid = digits.data();
    }
  }

  void read_memory() {
    std::uint64_t total = 0, used = 0;
    if (!call(api_.memory_total, "memory", rocm_smi::kVram, &total) || total == 0 || !in_bounds(total, kMostBytes, "memory")) return;
    reading_.memory_total_bytes = total;
    if (!call(api_.memory_used, "memory used", rocm_smi::kVram, &used) || !in_bounds(used, total, "memory used")) return;
    reading_.memory_used_bytes = used;
    reading_.idle_bytes = kAmdIdleBytes;
  }

  void read_load() {
    std::uint32_t percent = 0;
    if (call(api_.busy_percent, "busy", &percent) && in_bounds(percent, 100U, "busy")) reading_.busy_permille = percent * 10;
    std::uint64_t microwatts = 0;
    if (call(api_.socket_power, "power", &microwatts) || call(api_.average_power, "power", 0U, &microwatts)) {
      if (in_bounds(microwatts, kMostMicrowatts, "power")) {
        reading_.power_milliwatts = static_cast<std::uint32_t>(microwatts / 1'000);
      }
    }
    if (call(api_.power_cap, "power limit", 0U, &microwatts) && in_bounds(microwatts, kMostMicrowatts, "power limit")) {
      reading_.power_limit_milliwatts = static_cast<std::uint32_t>(microwatts / 1'000);
    }
    std::int64_t heat = 0;
    if (call(api_.temperature, "temperature", rocm_smi::kEdge, rocm_smi::kCurrent, &heat) ||
        call(api_.temperature, "temperature", rocm_smi::kJunction, rocm_smi::kCurrent, &heat)) {
      if (in_bounds(heat, kMostMilliCelsius, "temperature")) {
        reading_.temperature_celsius = static_cast<std::uint32_t>(heat / 1'000);
      }
    }
  }

  void read_health() {
    rocm_smi::ErrorCount errors{};
    if (call(api_.errors, "memory errors", rocm_smi::kMemoryBlock, &errors)) {
      if (in_bounds(errors.correctable, kMostErrors, "memory errors")) reading_.ecc_corrected = errors.correctable;
      if (in_bounds(errors.uncorrectable, kMostErrors, "memory errors")) reading_.ecc_uncorrected = errors.uncorrectable;
    }
    if (silent_ && !answered_) {
      reading_.healthy = false;
      reading_.failures.emplace_back("the card does not answer its driver");
    } else if (reading_.ecc_uncorrected.value_or(0) > 0) {
      reading_.healthy = false;
      reading_.failures.push_back(std::to_string(errors.uncorrectable) + " uncorrected memory errors since the driver was loaded");
    } else if (reading_.memory_total_bytes || reading_.busy_permille) {
      reading_.healthy = true;
    }
  }

  const Api& api_;
  std::uint32_t device_;
  DeviceReading& reading_;
  bool answered_ = false, silent_ = false;  ///< some call of the hardware's; some call that it did not answer
};

class RocmSmiBackend final : public DeviceBackend {
 public:
  RocmSmiBackend(HostRoot root, std::string library) : root_(std::move(root)), library_(std::move(library)) {}

  [[nodiscard]] const char* name() const override { return "rocm-smi"; }
  [[nodiscard]] std::uint16_t pci_vendor() const override { return 0x1002; }
  [[nodiscard]] bool optional() const override { return library_.empty(); }

  Result<DriverFacts> open() override {
    const auto api = rocm_smi::load_api(library_);
    if (!api) return api.error();
    api_ = *api;
    if (const unsigned code = api_.init(rocm_smi::kOwnMutex); code != rocm_smi::kSuccess) {
      return Error{code == rocm_smi::kPermission ? ErrorCode::kDenied : ErrorCode::kUnavailable, "rsmi_init: " + rocm_smi::to_words(code)};
    }
    DriverFacts facts;
    Name version{};
    const bool told = api_.version != nullptr && api_.version(rocm_smi::kDriver, version.data(), version.size() - 1) == rocm_smi::kSuccess;
    if (told) facts.driver_version = text_of(version);
    return facts;
  }

  Result<DeviceList> list() override {
    std::uint32_t count = 0;
    if (const unsigned code = api_.count(&count); code != rocm_smi::kSuccess) {
      return Error{ErrorCode::kUnavailable, "rsmi_num_monitor_devices: " + rocm_smi::to_words(code)};
    }
    DeviceList list;
    std::map<std::uint32_t, std::uint64_t> ids;
    std::set<std::string> cut;  // cards by address: not each of their partitions has a mode to tell
    for (std::uint32_t device = 0; device < std::min(count, kMostDevices); ++device) {
      std::uint64_t id = 0;
      if (const unsigned code = api_.pci_id(device, &id); code != rocm_smi::kSuccess) {
        list.failures.push_back("device number " + std::to_string(device) + ": " + rocm_smi::to_words(code));
        continue;
      }
      ids[device] = id;
      const auto mode = partition_mode(api_, device);
      if (!mode.empty() && mode != kWhole) cut.insert(card_address(id));
    }
    at_.clear();
    for (const auto& [device, id] : ids) {
      // Some drivers number partitions as functions of their card, which the bus does not have.
      const auto card = card_address(id), own = amd_address(id >> 32U, id);
      at_[is_on_bus(own) || (!cut.contains(card) && !is_on_bus(card)) ? own : card].push_back(device);
    }
    std::vector<std::string> addresses;
    for (const auto& device : at_) addresses.push_back(device.first);
    cards_ = amd_cards(root_, addresses);
    for (const auto& card : cards_) list.pci_addresses.push_back(card.first);
    return list;
  }

  DeviceReading read(const std::string& pci_address) override {
    const auto card = cards_.find(pci_address);
    std::vector<DeviceReading> dies;
    for (const auto& die : card == cards_.end() ? std::vector{pci_address} : card->second) {
      auto& reading = dies.emplace_back();
      reading.pci_address = die;
      if (const auto found = at_.find(die); found != at_.end()) read_die(found->second, reading);
    }
    return join_dies(dies);
  }

  void close() override {
    cards_.clear();
    at_.clear();
    api_.shut_down();
  }

 private:
  [[nodiscard]] bool is_on_bus(const std::string& address) const { return root_.exists("sys/bus/pci/devices/" + address); }

  /// The first of its devices speaks for the whole die; where it is cut, each of them is a partition.
  void read_die(const std::vector<std::uint32_t>& devices, DeviceReading& reading) const {
    DeviceReader(api_, devices.front(), reading).read();
    std::string mode;
    for (std::size_t i = 0; mode.empty() && i < devices.size(); ++i) mode = partition_mode(api_, devices[i]);
    if (mode.empty() && devices.size() == 1) return;
    reading.cut = reading.cut_next = mode != kWhole;
    const std::string name = (mode.empty() ? "" : mode + " ") + "partition ";
    for (std::size_t i = 0; *reading.cut && i < devices.size(); ++i) {
      reading.partitions.push_back({.name = name + std::to_string(i), .memory_total_bytes = {}, .memory_used_bytes = {}});
    }
  }

  HostRoot root_;
  std::string library_;
  Api api_;
  std::map<std::string, std::vector<std::uint32_t>> at_;   ///< the library's numbers, by address
  std::map<std::string, std::vector<std::string>> cards_;  ///< addresses of a card's dies, by the first
};

}  // namespace

std::unique_ptr<DeviceBackend> make_rocm_smi_backend(HostRoot root, std::string library) {
  return std::make_unique<RocmSmiBackend>(std::move(root), std::move(library));
}

}  // namespace capmap
