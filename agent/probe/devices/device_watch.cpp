#include "agent/probe/devices/device_watch.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <utility>

#include "agent/probe/devices/join_readings.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kBytesPerMib = 1ULL << 20U;
constexpr std::uint32_t kMilliwattsPerWatt = 1'000;

}  // namespace

/// What the library's thread found; read when it is idle.
struct DeviceWatch::Opening {
  Result<DriverFacts> facts = Error{};
  Result<DeviceList> list = Error{};
  bool done = false;
};

/// One device: its newest reading is written by its thread and read by ours.
struct DeviceWatch::Device {
  explicit Device(std::string address) : pci_address(std::move(address)) {}

  std::string pci_address;
  mutable std::mutex mutex;
  DeviceReading newest;
  std::uint64_t read_ms = 0;  ///< 0 = never
  OneCall call;               ///< last: its thread ends before what it writes to goes
};

DeviceWatch::DeviceWatch(std::unique_ptr<DeviceBackend> backend, WatchLimits limits, const Clock& clock)
    : backend_(std::move(backend)), limits_(limits), clock_(clock), opening_(std::make_unique<Opening>()) {}

DeviceWatch::~DeviceWatch() = default;

void DeviceWatch::ask(std::uint64_t now_ms) {
  if (!library_call_.idle()) return;
  take_opening(now_ms);
  if (open_ && !failures_.empty() && now_ms >= open_due_ms_ && idle()) close();  // a card without a handle may have come back
  if (!open_) {
    if (now_ms < open_due_ms_) return;
    library_call_.ask(
        [this] {
          opening_->facts = backend_->open();
          if (opening_->facts) opening_->list = backend_->list();
          if (opening_->facts && !opening_->list) backend_->close();
          opening_->done = true;
        },
        now_ms);
    return;
  }
  for (const auto& device : devices_) {
    if (!device->call.idle()) continue;
    device->call.ask(
        [this, target = device.get()] {
          auto reading = backend_->read(target->pci_address);
          const auto read_ms = clock_.boot_ms();
          const std::lock_guard lock(target->mutex);
          target->newest = std::move(reading);
          target->read_ms = read_ms;
        },
        now_ms);
  }
}

void DeviceWatch::take_opening(std::uint64_t now_ms) {
  if (!std::exchange(opening_->done, false)) return;
  open_due_ms_ = now_ms + limits_.reopen_ms;
  const bool good = opening_->facts.ok() && opening_->list.ok();
  open_problem_.clear();
  absent_ = false;
  if (!good) {
    const Error why = opening_->facts ? opening_->list.error() : opening_->facts.error();
    absent_ = why.code == ErrorCode::kAbsent;
    if (why.code != ErrorCode::kAbsent || !backend_->optional()) open_problem_ = why.what;
    return;
  }
  open_ = true;
  facts_ = *opening_->facts;
  failures_ = opening_->list->failures;
  for (const auto& address : opening_->list->pci_addresses) devices_.push_back(std::make_unique<Device>(address));
}

bool DeviceWatch::idle() const {
  return library_call_.idle() && std::ranges::all_of(devices_, [](const auto& device) { return device->call.idle(); });
}

bool DeviceWatch::opened() const {
  return library_call_.idle() && opening_->done;
}

bool DeviceWatch::settled(std::uint64_t now_ms) const {
  if (const auto since = library_call_.since_ms()) return now_ms >= *since + limits_.call_ms;
  return std::ranges::all_of(devices_, [&](const auto& device) {
    const auto since = device->call.since_ms();
    return !since || now_ms >= *since + limits_.call_ms;
  });
}

void DeviceWatch::add_to(SeenDevices& seen, std::uint64_t now_ms) const {
  const auto problem = [&](const std::string& what) { seen.problems.push_back({.probe = backend_->name(), .what = what}); };
  if (const auto since = library_call_.since_ms(); since && now_ms >= *since + limits_.open_ms) {
    problem("the library has not opened for " + coarse_duration(now_ms - *since));
  }
  if (!open_problem_.empty()) problem(open_problem_);
  for (const auto& failure : failures_) problem(failure);
  if (open_ && !facts_.never_told.empty() && !devices_.empty()) problem(facts_.never_told);
  if (open_ && !facts_.driver_version.empty()) {
    seen.drivers.push_back({.name = backend_->name(), .version = facts_.driver_version, .cuda_version = facts_.cuda_version});
  }
  for (const auto& device : devices_) add_device(seen, *device, now_ms);
}

void DeviceWatch::add_device(SeenDevices& seen, const Device& device, std::uint64_t now_ms) const {
  const std::string place = "device " + device.pci_address;
  const auto problem = [&](const std::string& what) { seen.problems.push_back({.probe = backend_->name(), .what = place + what}); };
  const auto since = device.call.since_ms();
  const bool hangs = since && now_ms >= *since + limits_.call_ms;
  if (hangs) problem(" has not answered for " + coarse_duration(now_ms - *since));
  auto& known = seen.by_address[device.pci_address];
  known.reading.pci_address = device.pci_address;
  const std::lock_guard lock(device.mutex);
  if (device.read_ms == 0) {
    known.hangs = known.hangs || (hangs && known.read_ms == 0);
    return;
  }
  for (const auto& failure : device.newest.failures) problem(": " + failure);
  if (known.read_ms == 0 || (known.hangs && !hangs)) {
    known = {.reading = device.newest, .read_ms = device.read_ms, .hangs = hangs};
  } else if (!hangs) {
    fill_in(known.reading, device.newest);
  }
}

DriverFacts DeviceWatch::facts() const {
  return facts_;
}

void DeviceWatch::close() {
  take_opening(clock_.boot_ms());
  if (!std::exchange(open_, false)) return;
  devices_.clear();
  failures_.clear();
  backend_->close();
}

SampleFrame to_frame(const SeenDevices& seen, std::uint64_t now_ms) {
  SampleFrame frame;
  for (const auto& [address, device] : seen.by_address) {
    const auto& reading = device.reading;
    DeviceRow& row = frame.rows.emplace_back();
    row.use.pci_address = address;
    if (device.read_ms == 0) continue;
    row.use = use_of(reading);
    row.age_ms = to_u32(now_ms - std::min(now_ms, device.read_ms)).value_or(UINT32_MAX);
    row.name = reading.name;
    row.pci_id = reading.pci_id;
    row.memory_bytes = reading.memory_total_bytes;
    if (reading.power_limit_milliwatts)
      row.power_limit_watts = (*reading.power_limit_milliwatts + kMilliwattsPerWatt / 2) / kMilliwattsPerWatt;
    for (const auto& part : reading.partitions) {
      if (part.die && part.pci_address != reading.pci_address) row.more_dies.push_back(part.pci_address);
    }
    frame.mode_change_pending = frame.mode_change_pending || (reading.cut && reading.cut_next && reading.cut != reading.cut_next);
  }
  frame.problems = seen.problems;
  frame.drivers = seen.drivers;
  return frame;
}

std::string coarse_duration(std::uint64_t ms) {
  const std::uint64_t seconds = ms / 1'000;
  if (seconds < 10) return std::to_string(seconds) + " s";
  if (seconds < 60) return std::to_string(seconds / 10 * 10) + " s";
  if (seconds < 600) return std::to_string(seconds / 60) + " min";
  if (seconds < 7'200) return std::to_string(seconds / 600 * 10) + " min";
  return std::to_string(seconds / 3'600) + " h";
}

AcceleratorUse use_of(const DeviceReading& reading) {
  AcceleratorUse use;
  use.pci_address = reading.pci_address;
  if (reading.memory_used_bytes) use.memory_used_mib = to_u32(*reading.memory_used_bytes / kBytesPerMib);
  use.busy_permille = reading.busy_permille;
  use.healthy = reading.healthy;
  if (reading.power_milliwatts) use.power_watts = (*reading.power_milliwatts + kMilliwattsPerWatt / 2) / kMilliwattsPerWatt;
  use.temperature_celsius = reading.temperature_celsius;
  const auto dies = static_cast<std::size_t>(std::ranges::count_if(reading.partitions, &DevicePartition::die));
  if (reading.cut) use.partitions = static_cast<std::uint32_t>(reading.partitions.size() - dies);
  const bool memory_known = reading.memory_used_bytes && reading.idle_bytes;
  if (!reading.compute_processes && !memory_known && !reading.busy_permille) return use;
  use.used = reading.compute_processes.value_or(0) > 0 || (memory_known && *reading.memory_used_bytes > *reading.idle_bytes) ||
             reading.busy_permille.value_or(0) > 0;
  return use;
}

}  // namespace capmap
