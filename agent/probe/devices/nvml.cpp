// NVIDIA: what the management library says of each card. See nvml_api.hpp for where its declarations come from.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <utility>

#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/nvml_api.hpp"

namespace capmap {
namespace {

using nvml::Api;
using nvml::Device;

constexpr unsigned kMostDevices = 256, kMostInstances = 64;
constexpr std::uint64_t kMostBytes = 1ULL << 50;  ///< beyond it a number is a mark of the vendor's, not memory
constexpr unsigned kMostMilliwatts = 20'000'000, kMostCelsius = 200, kMostMhz = 20'000, kMostProcesses = 100'000;
constexpr std::uint64_t kMib = 1ULL << 20U;
constexpr std::uint64_t kIdleBytes = 512 * kMib;         ///< reserved memory is told apart: a few MiB stay
constexpr std::uint64_t kIdleBytesOldApi = 1024 * kMib;  ///< "used" has the driver's own memory in it

/// "0000:17:00.0" of the numbers: the text has eight digits of domain in some versions and four in others.
std::string address_of(const nvml::PciInfo& info) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.0", info.domain, info.bus & 0xFFU, info.device & 0x1FU);
  return text.data();
}

std::string pci_id_of(const nvml::PciInfo& info) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04x:%04x", info.pci_device_id & 0xFFFFU, info.pci_device_id >> 16U);
  return text.data();
}

/// The calls on one card. Stops asking once it is lost: each further call may take seconds then.
class Card {
 public:
  Card(const Api& api, Device device, DeviceReading& reading) : api_(api), device_(device), reading_(reading) {}

  void read() {
    if (!answers()) return;
    read_names();
    read_memory(device_, reading_.memory_total_bytes, reading_.memory_used_bytes);
    read_load();
    read_health();
    read_partitions();
    if (gone_) {
      reading_.healthy = false;
    } else if (!reading_.healthy) {
      reading_.healthy = true;
    }
  }

 private:
  /// The PCI numbers come from memory of the library on a sound card, and fail on a lost one.
  bool answers() {
    nvml::PciInfo info{};
    if (!good(api_.pci_info(device_, &info), "identity")) {
      if (gone_) reading_.healthy = false;
      return false;
    }
    reading_.pci_id = pci_id_of(info);
    return true;
  }

  /// True when a value came. What is not offered stays absent without a word; anything else is told.
  bool good(int code, const char* what) {
    if (code == nvml::kSuccess) return true;
    if (code == nvml::kNotSupported || code == nvml::kFunctionNotFound || code == nvml::kNoData) return false;
    if (code == nvml::kGpuIsLost || code == nvml::kResetRequired) {
      if (!gone_) reading_.failures.push_back(nvml::to_words(code));
      gone_ = true;
    } else {
      reading_.failures.push_back(std::string(what) + ": " + nvml::to_words(code));
    }
    return false;
  }

  template <class... Parameters, class... Arguments>
  bool call(int (*function)(Parameters...), const char* what, Arguments... arguments) {
    return function != nullptr && !gone_ && good(function(arguments...), what);
  }

  template <class Number>
  std::optional<std::uint32_t> in_bounds(Number value, Number most, const char* what) {
    if (value <= most) return static_cast<std::uint32_t>(value);
    reading_.failures.push_back(std::string(what) + ": " + std::to_string(value) + " has no meaning");
    return std::nullopt;
  }

  std::string text(int (*function)(Device, char*, unsigned), Device device, const char* what) {
    std::array<char, nvml::kNameBytes> buffer{};
    if (!call(function, what, device, buffer.data(), nvml::kNameBytes)) return {};
    return {buffer.data(), strnlen(buffer.data(), buffer.size())};
  }

  void read_names() {
    reading_.name = text(api_.device_name, device_, "name");
    reading_.uuid = text(api_.uuid, device_, "uuid");
  }

  void read_memory(Device device, std::optional<std::uint64_t>& total, std::optional<std::uint64_t>& used) {
    nvml::MemoryV2 newer{};
    newer.version = nvml::kMemoryV2Version;
    unsigned long long all = 0, taken = 0;
    if (call(api_.memory_v2, "memory", device, &newer)) {
      all = newer.total;
      taken = newer.used;
      reading_.idle_bytes = kIdleBytes;
    } else {
      nvml::Memory older{};
      if (!call(api_.memory, "memory", device, &older)) return;
      all = older.total;
      taken = older.used;
      reading_.idle_bytes = kIdleBytesOldApi;
    }
    if (all == 0 || all > kMostBytes || taken > all) {
      reading_.failures.push_back("memory: " + std::to_string(taken) + " of " + std::to_string(all) + " bytes has no meaning");
      return;
    }
    total = all;
    used = taken;
  }

  void read_load() {
    nvml::Utilization busy{};
    if (call(api_.utilization, "utilization", device_, &busy)) {
      if (const auto percent = in_bounds(busy.gpu, 100U, "utilization")) reading_.busy_permille = *percent * 10;
    }
    unsigned value = 0;
    if (call(api_.power, "power", device_, &value)) reading_.power_milliwatts = in_bounds(value, kMostMilliwatts, "power");
    if (call(api_.power_limit, "power limit", device_, &value)) {
      reading_.power_limit_milliwatts = in_bounds(value, kMostMilliwatts, "power limit");
    }
    if (call(api_.temperature, "temperature", device_, nvml::kTemperatureGpu, &value)) {
      reading_.temperature_celsius = in_bounds(value, kMostCelsius, "temperature");
    }
    if (call(api_.clock, "clock", device_, nvml::kClockSm, &value)) reading_.core_mhz = in_bounds(value, kMostMhz, "clock");
    if (call(api_.clock, "clock", device_, nvml::kClockMemory, &value)) reading_.memory_mhz = in_bounds(value, kMostMhz, "clock");
    read_processes(device_);
    unsigned up = 0, known = 0;
    for (unsigned link = 0; link < nvml::kMaxLinks; ++link) {
      int active = 0;
      if (api_.link_state == nullptr || gone_ || api_.link_state(device_, link, &active) != nvml::kSuccess) continue;
      ++known;
      up += active != 0 ? 1 : 0;
    }
    if (known > 0) reading_.links_up = up;
  }

  /// Asked for none, the library answers with how many there are.
  void read_processes(Device device) {
    if (api_.processes == nullptr || gone_) return;
    unsigned count = 0;
    const int code = api_.processes(device, &count, nullptr);
    if (code != nvml::kInsufficientSize && !good(code, "processes")) return;
    if (const auto held = in_bounds(count, kMostProcesses, "processes")) {
      reading_.compute_processes = reading_.compute_processes.value_or(0) + *held;
    }
  }

  void read_health() {
    unsigned long long errors = 0;
    if (call(api_.ecc_errors, "ecc", device_, nvml::kEccUncorrected, nvml::kEccVolatile, &errors) && errors > 0) {
      unhealthy(std::to_string(errors) + " uncorrected memory errors since the driver was loaded");
    }
    unsigned corrected = 0, uncorrected = 0, pending = 0, failed = 0;
    if (call(api_.remapped_rows, "remapped rows", device_, &corrected, &uncorrected, &pending, &failed) && failed != 0) {
      unhealthy("a broken row of its memory could not be replaced");
    }
  }

  void unhealthy(std::string why) {
    reading_.healthy = false;
    reading_.failures.push_back(std::move(why));
  }

  void read_partitions() {
    unsigned now = 0, next = 0;
    if (!call(api_.mig_mode, "MIG mode", device_, &now, &next)) return;
    reading_.cut = now != 0;
    reading_.cut_next = next != 0;
    unsigned places = 0;
    if (now == 0 || !call(api_.mig_count, "MIG instances", device_, &places)) return;
    for (unsigned i = 0; i < std::min(places, kMostInstances) && !gone_; ++i) {
      Device instance = nullptr;
      const int code = api_.mig_by_index == nullptr ? nvml::kFunctionNotFound : api_.mig_by_index(device_, i, &instance);
      if (code == nvml::kNotFound || !good(code, "MIG instance")) continue;  // an empty place
      auto& partition = reading_.partitions.emplace_back();
      partition.name = text(api_.device_name, instance, "name of a MIG instance");
      read_memory(instance, partition.memory_total_bytes, partition.memory_used_bytes);
      read_processes(instance);
    }
    if (!reading_.memory_used_bytes) sum_partitions();
  }

  /// A cut card has no memory figures of its own in some versions: what its instances use is what is used of it.
  void sum_partitions() {
    const auto& parts = reading_.partitions;
    const bool known = std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part.memory_used_bytes.has_value(); });
    if (!known) return;
    std::uint64_t used = 0;
    for (const auto& part : parts) used += *part.memory_used_bytes;
    reading_.memory_used_bytes = used;
    reading_.idle_bytes = kIdleBytes;
  }

  const Api& api_;
  Device device_;
  DeviceReading& reading_;
  bool gone_ = false;
};

class NvmlBackend final : public DeviceBackend {
 public:
  explicit NvmlBackend(std::string library) : library_(std::move(library)) {}

  [[nodiscard]] const char* name() const override { return "nvml"; }

  Result<DriverFacts> open() override {
    auto api = nvml::load_api(library_);
    if (!api) return api.error();
    api_ = *api;
    if (const int code = api_.init(); code != nvml::kSuccess) {
      const auto kind = code == nvml::kDriverNotLoaded ? ErrorCode::kAbsent : ErrorCode::kUnavailable;
      return Error{code == nvml::kNoPermission ? ErrorCode::kDenied : kind, nvml::to_words(code)};
    }
    DriverFacts facts;
    std::array<char, nvml::kNameBytes> text{};
    if (api_.driver_version != nullptr && api_.driver_version(text.data(), nvml::kNameBytes) == nvml::kSuccess) {
      facts.driver_version.assign(text.data(), strnlen(text.data(), text.size()));
    }
    int cuda = 0;
    if (api_.cuda_version != nullptr && api_.cuda_version(&cuda) == nvml::kSuccess && cuda > 0) {
      facts.cuda_version = std::to_string(cuda / 1'000) + "." + std::to_string(cuda % 1'000 / 10);
    }
    return facts;
  }

  /// A card whose handle cannot be had has no address to show it under, so it is told by its number.
  Result<DeviceList> list() override {
    unsigned count = 0;
    if (const int code = api_.count(&count); code != nvml::kSuccess) return Error{ErrorCode::kUnavailable, nvml::to_words(code)};
    cards_.clear();
    DeviceList list;
    for (unsigned i = 0; i < std::min(count, kMostDevices); ++i) {
      Device device = nullptr;
      nvml::PciInfo info{};
      int code = api_.by_index(i, &device);
      if (code == nvml::kSuccess) code = api_.pci_info(device, &info);
      if (code == nvml::kSuccess) {
        cards_.emplace(address_of(info), device);
      } else {
        list.failures.push_back("device number " + std::to_string(i) + ": " + nvml::to_words(code));
      }
    }
    for (const auto& card : cards_) list.pci_addresses.push_back(card.first);
    return list;
  }

  DeviceReading read(const std::string& pci_address) override {
    DeviceReading reading;
    reading.pci_address = pci_address;
    const auto card = cards_.find(pci_address);
    if (card != cards_.end()) Card(api_, card->second, reading).read();
    return reading;
  }

  void close() override {
    api_.shutdown();
    cards_.clear();
  }

 private:
  std::string library_;
  Api api_;
  std::map<std::string, Device> cards_;  ///< by PCI address
};

}  // namespace

std::unique_ptr<DeviceBackend> make_nvml_backend(std::string library) {
  return std::make_unique<NvmlBackend>(std::move(library));
}

}  // namespace capmap
