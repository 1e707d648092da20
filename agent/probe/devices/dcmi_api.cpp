#include "agent/probe/devices/dcmi_api.hpp"

#include <array>

#include "agent/probe/devices/driver_library.hpp"

namespace capmap::dcmi {
namespace {

/// As the installer's search path has it, then where the driver's packages put it.
constexpr std::array kPlaces = {"libdcmi.so", "/usr/local/dcmi/libdcmi.so", "/usr/local/Ascend/driver/lib64/driver/libdcmi.so",
                                "/usr/local/Ascend/driver/lib64/libdcmi.so"};

}  // namespace

Result<Api> load_api(const std::string& library) {
  const auto handle = library.empty() ? load_driver_library(kPlaces) : load_driver_library(library);
  if (!handle) return handle.error();
  Api api;
  look_up(*handle, "dcmi_init", api.init);
  look_up(*handle, "dcmi_get_driver_version", api.driver_version);
  look_up(*handle, "dcmi_get_card_list", api.card_list);
  look_up(*handle, "dcmi_get_device_id_in_card", api.device_ids);
  look_up(*handle, "dcmi_get_device_pcie_info", api.pcie_info);
  look_up(*handle, "dcmi_get_device_pcie_info_v2", api.pcie_info_all);
  look_up(*handle, "dcmi_get_device_chip_info", api.chip_info);
  look_up(*handle, "dcmi_get_device_hbm_info", api.hbm);
  look_up(*handle, "dcmi_get_device_memory_info_v3", api.memory);
  look_up(*handle, "dcmi_get_device_utilization_rate", api.utilization);
  look_up(*handle, "dcmi_get_device_power_info", api.power);
  look_up(*handle, "dcmi_get_device_temperature", api.temperature);
  look_up(*handle, "dcmi_get_device_frequency", api.frequency);
  look_up(*handle, "dcmi_get_device_health", api.health);
  look_up(*handle, "dcmi_get_device_ecc_info", api.ecc);
  look_up(*handle, "dcmi_get_device_resource_info", api.processes);
  look_up(*handle, "dcmi_get_device_info", api.info);
  const bool addresses = api.pcie_info != nullptr || api.pcie_info_all != nullptr;
  if (api.init == nullptr || api.card_list == nullptr || api.device_ids == nullptr || !addresses) {
    const std::string name = library.empty() ? "libdcmi.so" : library;
    return Error{ErrorCode::kAbsent, name + ": lacks dcmi_init, a list of cards, or their PCI addresses; the driver is too old"};
  }
  return api;
}

std::string to_words(int code) {
  switch (code) {
    case kInvalidParameter: return "the driver does not take this request";
    case kNotPermitted: return "no permission";
    case kTimeout: return "the driver timed out";
    case kInvalidDevice: return "the driver does not know the chip";
    case kDeviceNotExist: return "the chip is lost: its driver no longer finds it";
    case kIoctlFailed: return "the driver refused";
    case kNotReady: return "the chip is not ready: it starts, resets or has failed";
    case kNotInContainer: return "not offered inside a container";
    case kUpgrading: return "its firmware is being replaced";
    case kNotSupported: return "not supported";
    default: return "error " + std::to_string(code);
  }
}

}  // namespace capmap::dcmi
