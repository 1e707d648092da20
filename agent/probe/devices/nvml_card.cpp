// NVIDIA: what the management library says of one card. See nvml_api.hpp for where its declarations come from.
#include "agent/probe/devices/nvml_card.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

namespace capmap {
namespace {

using nvml::Api;
using nvml::Device;

constexpr unsigned kMostInstances = 64;
constexpr std::uint64_t kMostBytes = 1ULL << 50;  ///< beyond it a number is a mark of the vendor's, not memory
constexpr unsigned kMostMilliwatts = 20'000'000, kMostCelsius = 200, kMostMhz = 20'000, kMostProcesses = 100'000;
constexpr std::uint64_t kMostErrors = 1ULL << 48, kMostLinkMbs = 10'000'000;
constexpr std::uint64_t kMib = 1ULL << 20U;
constexpr std::uint64_t kIdleBytes = 512 * kMib;         ///< reserved memory is told apart: a few MiB stay
constexpr std::uint64_t kIdleBytesOldApi = 1024 * kMib;  ///< "used" has the driver's own memory in it

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
    unsigned least = 0, most = 0;
    if (call(api_.power_limits, "power limits", device_, &least, &most)) {
      reading_.power_limit_min_milliwatts = in_bounds(least, kMostMilliwatts, "least power limit");
      reading_.power_limit_max_milliwatts = in_bounds(most, kMostMilliwatts, "highest power limit");
    }
    if (call(api_.power_limit_default, "default power limit", device_, &value)) {
      reading_.power_limit_default_milliwatts = in_bounds(value, kMostMilliwatts, "default power limit");
    }
    if (call(api_.temperature, "temperature", device_, nvml::kTemperatureGpu, &value)) {
      reading_.temperature_celsius = in_bounds(value, kMostCelsius, "temperature");
    }
    const auto clock = [&](auto function, unsigned which, const char* what) -> std::optional<std::uint32_t> {
      if (!call(function, what, device_, which, &value)) return std::nullopt;
      return in_bounds(value, kMostMhz, what);
    };
    reading_.core_mhz = clock(api_.clock, nvml::kClockSm, "clock");
    reading_.memory_mhz = clock(api_.clock, nvml::kClockMemory, "clock");
    reading_.core_max_mhz = clock(api_.max_clock, nvml::kClockSm, "highest clock");
    reading_.memory_max_mhz = clock(api_.max_clock, nvml::kClockMemory, "highest clock");
    read_processes(device_);
    read_links();
  }

  /// Numbers of links are asked for until the library knows no such one; a card without links says that of the first.
  void read_links() {
    unsigned up = 0, known = 0;
    for (unsigned link = 0; link < nvml::kMaxLinks; ++link) {
      int active = 0;
      if (api_.link_state == nullptr || gone_) return;
      const int code = api_.link_state(device_, link, &active);
      if (code == nvml::kInvalidArgument) break;
      if (code != nvml::kSuccess) continue;
      ++known;
      up += active != 0 ? 1 : 0;
      if (active != 0 && !reading_.link_mbs) reading_.link_mbs = link_speed(link);
    }
    if (known == 0) return;
    reading_.links = known;
    reading_.links_up = up;
  }

  [[nodiscard]] std::optional<std::uint32_t> link_speed(unsigned link) const {
    if (api_.field_values == nullptr) return std::nullopt;
    for (const unsigned field : {nvml::kFieldLinkSpeed, nvml::kFieldLinkSpeedCommon}) {
      nvml::FieldValue value{};
      value.field_id = field;
      value.scope_id = field == nvml::kFieldLinkSpeed ? link : 0;
      if (api_.field_values(device_, 1, &value) != nvml::kSuccess || value.code != nvml::kSuccess) continue;
      const bool wide = value.value_type == nvml::kTypeUnsignedLong || value.value_type == nvml::kTypeUnsignedLongLong;
      const auto speed = wide ? value.value.wide : value.value.number;
      if ((wide || value.value_type == nvml::kTypeUnsigned) && speed > 0 && speed <= kMostLinkMbs) return static_cast<std::uint32_t>(speed);
    }
    return std::nullopt;
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
    unsigned now = 0, next = 0;
    if (call(api_.ecc_mode, "ecc mode", device_, &now, &next)) {
      reading_.ecc = now != 0;
      reading_.ecc_next = next != 0;
    }
    reading_.ecc_corrected = errors(nvml::kEccCorrected);
    reading_.ecc_uncorrected = errors(nvml::kEccUncorrected);
    if (reading_.ecc_uncorrected.value_or(0) > 0) {
      unhealthy(std::to_string(*reading_.ecc_uncorrected) + " uncorrected memory errors since the driver was loaded");
    }
    unsigned corrected = 0, uncorrected = 0, pending = 0, failed = 0;
    if (call(api_.remapped_rows, "remapped rows", device_, &corrected, &uncorrected, &pending, &failed) && failed != 0) {
      unhealthy("a broken row of its memory could not be replaced");
    }
  }

  std::optional<std::uint64_t> errors(unsigned kind) {
    unsigned long long count = 0;
    if (!call(api_.ecc_errors, "ecc", device_, kind, nvml::kEccVolatile, &count)) return std::nullopt;
    if (count <= kMostErrors) return count;
    reading_.failures.push_back("ecc: " + std::to_string(count) + " errors have no meaning");
    return std::nullopt;
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
      read_place(instance, partition);
      read_memory(instance, partition.memory_total_bytes, partition.memory_used_bytes);
      read_processes(instance);
    }
    if (!reading_.memory_used_bytes) sum_partitions();
  }

  /// Where on the card an instance lies, which most drivers tell root alone; then its number is all there is.
  void read_place(Device instance, DevicePartition& partition) {
    unsigned id = 0;
    if (api_.compute_instance_id != nullptr && api_.compute_instance_id(instance, &id) == nvml::kSuccess) {
      partition.compute_instance_id = id;
    }
    if (api_.gpu_instance_id == nullptr || api_.gpu_instance_id(instance, &id) != nvml::kSuccess) return;
    partition.instance_id = id;
    nvml::GpuInstance whole = nullptr;
    nvml::InstanceInfo info{};
    if (api_.gpu_instance == nullptr || api_.gpu_instance(device_, id, &whole) != nvml::kSuccess) return;
    if (api_.gpu_instance_info == nullptr || api_.gpu_instance_info(whole, &info) != nvml::kSuccess) return;
    partition.profile_id = info.profile_id;
    partition.place_start = info.place_start;
    partition.place_size = info.place_size;
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

}  // namespace

void read_nvml_card(const nvml::Api& api, nvml::Device device, DeviceReading& reading) {
  Card(api, device, reading).read();
}

}  // namespace capmap
