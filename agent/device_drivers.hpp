#pragma once
#include "common/host_root.hpp"

namespace capmap {

/// Which drivers of accelerators are loaded, by names in sysfs alone: cheap, and never inside a driver.
struct DeviceDrivers {
  bool nvidia = false;  ///< sys/module/nvidia
  bool amd = false;     ///< sys/bus/pci/drivers/amdgpu and sys/class/kfd: amdgpu alone is any processor's graphics
  [[nodiscard]] bool any() const { return nvidia || amd; }
};

DeviceDrivers find_device_drivers(const HostRoot& root);

}  // namespace capmap
