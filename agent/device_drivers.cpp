#include "agent/device_drivers.hpp"

#include <algorithm>

namespace capmap {
namespace {

/// A device of the driver's that is no graphics inside a processor, which is always a function of the root bus ("0000:00:02.0").
bool holds_card(const HostRoot& root, const char* driver) {
  const auto names = root.list(driver, 1'024);
  if (!names) return false;
  return std::ranges::any_of(*names, [](const std::string& name) {
    const auto colon = name.find(':');
    return name.size() >= 12 && colon != std::string::npos && name.compare(colon + 1, 3, "00:") != 0;
  });
}

}  // namespace

DeviceDrivers find_device_drivers(const HostRoot& root) {
  return {.nvidia = root.exists("sys/module/nvidia"),
          .amd = root.exists("sys/bus/pci/drivers/amdgpu") && root.exists("sys/class/kfd"),
          .intel = holds_card(root, "sys/bus/pci/drivers/i915") || holds_card(root, "sys/bus/pci/drivers/xe"),
          .ascend = root.exists("sys/bus/pci/drivers/devdrv_device_driver"),
          .habana = root.exists("sys/bus/pci/drivers/habanalabs")};
}

}  // namespace capmap
