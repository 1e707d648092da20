#pragma once
#include "agent/probe/devices/device_backend.hpp"
#include "agent/probe/devices/nvml_api.hpp"

namespace capmap {

/// Fills in what NVML says of a card: names, memory, load, power and its limits, clocks, errors, links, MIG instances. What it does not
/// offer stays absent; what it refuses, or answers without meaning, stays absent with a line in `failures`. A card that is lost is not
/// asked on. May hang inside the driver. Thread: one a card.
void read_nvml_card(const nvml::Api& api, nvml::Device device, DeviceReading& reading);

}  // namespace capmap
