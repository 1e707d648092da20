#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/known_devices.hpp"
#include "agent/probe/devices/device_watch.hpp"
#include "common/messages.hpp"

namespace capmap {

/// One driver's own interface in a look.
struct DriverLook {
  std::string name;              ///< "nvml"
  std::uint16_t pci_vendor = 0;  ///< whose devices it lists
  bool listed = false;           ///< it said what it shows; else what it shows is not known
  std::string driver_version{}, cuda_version{};
};

/// What the drivers that are there say of the accelerators, once. `readings` by address has all that are listed, a card of several dies
/// under its first one's; one that was not read in time has its address alone.
struct DeviceLook {
  std::vector<DriverLook> drivers;
  std::map<std::string, DeviceReading> readings;
  std::vector<Problem> problems;
};

/// What watches have seen so far.
DeviceLook look_of(const std::vector<std::unique_ptr<DeviceWatch>>& watches, std::uint64_t now_ms);

/// One JSON object, indented by two: what `devices` prints. What is not known is null.
std::string write_device_look(const DeviceLook& look);
/// Takes back what write_device_look wrote. Errors: kMalformed.
Result<DeviceLook> read_device_look(const std::string& text);

/// Of each device what belongs to the shape.
KnownDevices known_of(const DeviceLook& look);

/// Runs `capmap-probe devices --within` and takes its answer. A driver that hangs costs `deadline_ms` and a problem line; its process is
/// left to itself, and ends when the driver lets it. `arguments`: libraries and root, as `devices` takes them. Errors: those of
/// ProbeChild::start; kTimeout; kMalformed.
Result<DeviceLook> look_at_devices(std::vector<std::string> arguments, std::uint32_t deadline_ms);

}  // namespace capmap
