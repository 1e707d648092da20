#include "agent/probe/devices/rocm_smi_api.hpp"

#include <array>

#include "agent/probe/devices/driver_library.hpp"

namespace capmap::rocm_smi {
namespace {

/// By the names of its versions in the loader's search path (1: Debian's), then where ROCm installs itself.
constexpr std::array kPlaces = {"librocm_smi64.so.7", "librocm_smi64.so.6", "librocm_smi64.so.5", "librocm_smi64.so.1",
                                "/opt/rocm/lib/librocm_smi64.so"};

}  // namespace

Result<Api> load_api(const std::string& library) {
  const auto handle = library.empty() ? load_driver_library(kPlaces) : load_driver_library(library);
  if (!handle) return handle.error();
  Api api;
  look_up(*handle, "rsmi_init", api.init);
  look_up(*handle, "rsmi_shut_down", api.shut_down);
  look_up(*handle, "rsmi_version_str_get", api.version);
  look_up(*handle, "rsmi_num_monitor_devices", api.count);
  look_up(*handle, "rsmi_dev_pci_id_get", api.pci_id);
  look_up(*handle, "rsmi_dev_vendor_id_get", api.vendor_id);
  look_up(*handle, "rsmi_dev_id_get", api.device_id);
  look_up(*handle, "rsmi_dev_name_get", api.device_name);
  look_up(*handle, "rsmi_dev_unique_id_get", api.unique_id);
  look_up(*handle, "rsmi_dev_memory_total_get", api.memory_total);
  look_up(*handle, "rsmi_dev_memory_usage_get", api.memory_used);
  look_up(*handle, "rsmi_dev_busy_percent_get", api.busy_percent);
  look_up(*handle, "rsmi_dev_current_socket_power_get", api.socket_power);
  look_up(*handle, "rsmi_dev_power_ave_get", api.average_power);
  look_up(*handle, "rsmi_dev_power_cap_get", api.power_cap);
  look_up(*handle, "rsmi_dev_temp_metric_get", api.temperature);
  look_up(*handle, "rsmi_dev_ecc_count_get", api.errors);
  look_up(*handle, "rsmi_dev_compute_partition_get", api.compute_partition);
  if (api.init == nullptr || api.shut_down == nullptr || api.count == nullptr || api.pci_id == nullptr) {
    const std::string name = library.empty() ? "librocm_smi64.so" : library;
    return Error{ErrorCode::kAbsent,
                 name + ": lacks rsmi_init, rsmi_shut_down, or a way to list devices; it is too old or another library"};
  }
  return api;
}

std::string to_words(unsigned code) {
  switch (code) {
    case kInvalidArguments: return "the library does not take this request";
    case kNotSupported: return "not supported";
    case kFileError: return "a file of the driver cannot be read";
    case kPermission: return "no permission";
    case kOutOfResources: return "no memory or descriptors left";
    case kInternalException: return "the library failed in itself";
    case kInitError: return "the library does not start";
    case kNotYetImplemented: return "not offered by this version";
    case kNotFound: return "not found";
    case kInterrupt: return "interrupted";
    case kUnexpectedSize: return "input or output failed";
    case kUnknownError: return "unknown error";
    case kNoData: return "no data";
    case kUnexpectedData: return "the driver tells something the library does not know";
    case kBusy: return "another program holds the card";
    default: return "error " + std::to_string(code);
  }
}

}  // namespace capmap::rocm_smi
