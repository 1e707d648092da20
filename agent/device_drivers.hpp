#pragma once
#include "common/host_root.hpp"

namespace capmap {

/// Which drivers of accelerators are loaded, by names in sysfs alone: cheap, and never inside a driver.
struct DeviceDrivers {
  bool nvidia = false;  ///< sys/module/nvidia
  bool amd = false;     ///< sys/bus/pci/drivers/amdgpu and sys/class/kfd: amdgpu alone is any processor's graphics
  bool intel = false;   ///< i915 or xe with a card that is not on the root bus
  bool ascend = false;  ///< sys/bus/pci/drivers/devdrv_device_driver, Huawei's for Ascend cards
  bool habana = false;  ///< sys/bus/pci/drivers/habanalabs
  [[nodiscard]] bool any() const { return nvidia || amd || intel || ascend || habana; }
};

DeviceDrivers find_device_drivers(const HostRoot& root);

}  // namespace capmap
