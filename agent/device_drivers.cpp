#include "agent/device_drivers.hpp"

namespace capmap {

DeviceDrivers find_device_drivers(const HostRoot& root) {
  return {.nvidia = root.exists("sys/module/nvidia"), .amd = root.exists("sys/bus/pci/drivers/amdgpu") && root.exists("sys/class/kfd")};
}

}  // namespace capmap
