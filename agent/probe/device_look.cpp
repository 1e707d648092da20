#include "agent/probe/device_look.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/probe_child.hpp"

namespace capmap {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t kSlackMs = 500;  ///< for a child to start and to print
constexpr int kWaitMs = 20;

template <class Struct, class Value>
using Named = std::pair<const char*, Value Struct::*>;
using Numbers = std::optional<std::uint32_t>;
using WideNumbers = std::optional<std::uint64_t>;
using Flags = std::optional<bool>;

// In the order in which they are printed; the reader takes back the same.
constexpr std::array<Named<DeviceReading, std::string>, 3> kTexts = {
    {{"pci_id", &DeviceReading::pci_id}, {"name", &DeviceReading::name}, {"uuid", &DeviceReading::uuid}}};
constexpr std::array<Named<DeviceReading, WideNumbers>, 4> kWide = {{{"memory_total_bytes", &DeviceReading::memory_total_bytes},
                                                                     {"memory_used_bytes", &DeviceReading::memory_used_bytes},
                                                                     {"ecc_corrected", &DeviceReading::ecc_corrected},
                                                                     {"ecc_uncorrected", &DeviceReading::ecc_uncorrected}}};
constexpr std::array<Named<DeviceReading, Numbers>, 15> kNumbers = {
    {{"busy_permille", &DeviceReading::busy_permille},
     {"power_milliwatts", &DeviceReading::power_milliwatts},
     {"power_limit_milliwatts", &DeviceReading::power_limit_milliwatts},
     {"power_limit_min_milliwatts", &DeviceReading::power_limit_min_milliwatts},
     {"power_limit_max_milliwatts", &DeviceReading::power_limit_max_milliwatts},
     {"power_limit_default_milliwatts", &DeviceReading::power_limit_default_milliwatts},
     {"temperature_celsius", &DeviceReading::temperature_celsius},
     {"core_mhz", &DeviceReading::core_mhz},
     {"core_max_mhz", &DeviceReading::core_max_mhz},
     {"memory_mhz", &DeviceReading::memory_mhz},
     {"memory_max_mhz", &DeviceReading::memory_max_mhz},
     {"links", &DeviceReading::links},
     {"links_up", &DeviceReading::links_up},
     {"link_mbs", &DeviceReading::link_mbs},
     {"compute_processes", &DeviceReading::compute_processes}}};
constexpr std::array<Named<DeviceReading, Flags>, 5> kFlags = {{{"healthy", &DeviceReading::healthy},
                                                                {"ecc", &DeviceReading::ecc},
                                                                {"ecc_next", &DeviceReading::ecc_next},
                                                                {"cut", &DeviceReading::cut},
                                                                {"cut_next", &DeviceReading::cut_next}}};
constexpr std::array<Named<DevicePartition, std::string>, 2> kPartTexts = {
    {{"name", &DevicePartition::name}, {"pci_address", &DevicePartition::pci_address}}};
constexpr std::array<Named<DevicePartition, WideNumbers>, 2> kPartWide = {
    {{"memory_total_bytes", &DevicePartition::memory_total_bytes}, {"memory_used_bytes", &DevicePartition::memory_used_bytes}}};
constexpr std::array<Named<DevicePartition, Numbers>, 5> kPartNumbers = {{{"instance_id", &DevicePartition::instance_id},
                                                                          {"compute_instance_id", &DevicePartition::compute_instance_id},
                                                                          {"profile_id", &DevicePartition::profile_id},
                                                                          {"place_start", &DevicePartition::place_start},
                                                                          {"place_size", &DevicePartition::place_size}}};

Json to_json(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}
template <class T>
Json to_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

void take(const Json& value, std::string& target) {
  if (value.is_string()) target = value.get<std::string>();
}
template <class T>
void take(const Json& value, std::optional<T>& target) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<T>::max()) target = value.get<T>();
}
void take(const Json& value, std::optional<bool>& target) {
  if (value.is_boolean()) target = value.get<bool>();
}

template <class Struct, class List>
void put(Json& object, const Struct& from, const List& list) {
  for (const auto& [key, member] : list) object[key] = to_json(from.*member);
}
template <class Struct, class List>
void fill(const Json& object, Struct& to, const List& list) {
  for (const auto& [key, member] : list) {
    if (object.contains(key)) take(object[key], to.*member);
  }
}

Json device_json(const std::string& address, const DeviceReading& reading) {
  Json device = {{"pci_address", address}};
  put(device, reading, kTexts);
  put(device, reading, kWide);
  device["used"] = to_json(use_of(reading).used);
  put(device, reading, kNumbers);
  put(device, reading, kFlags);
  Json& parts = device["partitions"] = Json::array();
  for (const auto& part : reading.partitions) {
    Json& row = parts.emplace_back(Json{{"kind", part.die ? "die" : "partition"}});
    put(row, part, kPartTexts);
    put(row, part, kPartWide);
    if (part.instance_id) put(row, part, kPartNumbers);
  }
  return device;
}

DeviceReading device_of(const Json& device) {
  DeviceReading reading;
  take(device.value("pci_address", Json()), reading.pci_address);
  fill(device, reading, kTexts);
  fill(device, reading, kWide);
  fill(device, reading, kNumbers);
  fill(device, reading, kFlags);
  for (const auto& row : device.value("partitions", Json::array())) {
    DevicePartition& part = reading.partitions.emplace_back();
    if (!row.is_object()) continue;
    part.die = row.value("kind", Json()) == "die";
    fill(row, part, kPartTexts);
    fill(row, part, kPartWide);
    fill(row, part, kPartNumbers);
  }
  return reading;
}

const Json& list_in(const Json& page, const char* key) {
  static const Json nothing = Json::array();
  const auto at = page.find(key);
  return at != page.end() && at->is_array() ? *at : nothing;
}

}  // namespace

DeviceLook look_of(const std::vector<std::unique_ptr<DeviceWatch>>& watches, std::uint64_t now_ms) {
  DeviceLook look;
  SeenDevices seen;
  for (const auto& watch : watches) {
    watch->add_to(seen, now_ms);
    if (watch->absent()) continue;
    const auto facts = watch->facts();
    look.drivers.push_back({.name = watch->backend().name(),
                            .pci_vendor = watch->backend().pci_vendor(),
                            .listed = watch->listed(),
                            .driver_version = facts.driver_version,
                            .cuda_version = facts.cuda_version});
  }
  for (auto& [address, device] : seen.by_address) look.readings.emplace(address, std::move(device.reading));
  look.problems = std::move(seen.problems);
  return look;
}

std::string write_device_look(const DeviceLook& look) {
  Json drivers = Json::array(), devices = Json::array(), problems = Json::array();
  for (const auto& driver : look.drivers) {
    drivers.push_back({{"name", driver.name},
                       {"pci_vendor", driver.pci_vendor},
                       {"listed", driver.listed},
                       {"driver_version", to_json(driver.driver_version)},
                       {"cuda_version", to_json(driver.cuda_version)}});
  }
  for (const auto& [address, reading] : look.readings) devices.push_back(device_json(address, reading));
  for (const auto& problem : look.problems) problems.push_back({{"probe", problem.probe}, {"what", problem.what}});
  const Json page = {{"drivers", std::move(drivers)}, {"devices", std::move(devices)}, {"problems", std::move(problems)}};
  return page.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<DeviceLook> read_device_look(const std::string& text) {
  // What is nested deeper than write_device_look nests is left out while it is read: copying it could take more stack than there is.
  constexpr int kMaxDepth = 8;
  bool deep = false;
  const auto keep = [&deep](int depth, Json::parse_event_t, const Json&) {
    deep = deep || depth > kMaxDepth;
    return depth <= kMaxDepth;
  };
  const Json page = Json::parse(text, keep, false);
  if (deep || !page.is_object()) return Error{ErrorCode::kMalformed, "capmap-probe devices: the answer is no JSON object of ours"};
  DeviceLook look;
  for (const auto& row : list_in(page, "drivers")) {
    if (!row.is_object()) continue;
    DriverLook& driver = look.drivers.emplace_back();
    std::optional<std::uint16_t> vendor;
    std::optional<bool> listed;
    take(row.value("name", Json()), driver.name);
    take(row.value("pci_vendor", Json()), vendor);
    take(row.value("listed", Json()), listed);
    take(row.value("driver_version", Json()), driver.driver_version);
    take(row.value("cuda_version", Json()), driver.cuda_version);
    driver.pci_vendor = vendor.value_or(0);
    driver.listed = listed.value_or(false);
  }
  for (const auto& row : list_in(page, "devices")) {
    if (!row.is_object()) continue;
    auto reading = device_of(row);
    const auto address = reading.pci_address;
    if (!address.empty()) look.readings.emplace(address, std::move(reading));
  }
  for (const auto& row : list_in(page, "problems")) {
    if (!row.is_object()) continue;
    Problem& problem = look.problems.emplace_back();
    take(row.value("probe", Json()), problem.probe);
    take(row.value("what", Json()), problem.what);
  }
  return look;
}

KnownDevices known_of(const DeviceLook& look) {
  KnownDevices known;
  for (const auto& [address, reading] : look.readings) {
    if (reading.pci_id.empty() || (reading.name.empty() && !reading.memory_total_bytes)) continue;
    KnownDevice device{.pci_id = reading.pci_id, .memory_bytes = reading.memory_total_bytes, .name = reading.name};
    for (const auto& part : reading.partitions) {
      if (part.die && part.pci_address != address) device.more_dies.push_back(part.pci_address);
    }
    known.emplace(address, std::move(device));
  }
  return known;
}

Result<DeviceLook> look_at_devices(std::vector<std::string> arguments, std::uint32_t deadline_ms) {
  arguments.insert(arguments.begin(), {"devices", "--within", std::to_string(deadline_ms)});
  auto child = ProbeChild::start("/proc/self/exe", arguments);
  if (!child) return child.error();
  const SystemClock clock;
  const auto deadline = clock.boot_ms() + deadline_ms + kSlackMs;
  std::string text;
  while (true) {
    if (const auto end = child->poll()) {
      text += end->output;
      return read_device_look(text);
    }
    text += child->take_output();
    if (child->fd() < 0) return read_device_look(text);  // it has said all, and waits for a driver
    if (clock.boot_ms() >= deadline) {
      return Error{ErrorCode::kTimeout, "drivers have not answered within " + std::to_string(deadline_ms / 1'000) + " s"};
    }
    pollfd waiting{.fd = child->fd(), .events = POLLIN, .revents = 0};
    ::poll(&waiting, 1, kWaitMs);
  }
}

}  // namespace capmap
