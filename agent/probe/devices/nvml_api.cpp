#include "agent/probe/devices/nvml_api.hpp"

#include "agent/probe/devices/driver_library.hpp"

namespace capmap::nvml {

Result<Api> load_api(const std::string& library) {
  const auto handle = load_driver_library(library);
  if (!handle) return handle.error();
  Api api;
  look_up(*handle, "nvmlInit_v2", api.init);
  look_up(*handle, "nvmlShutdown", api.shutdown);
  look_up(*handle, "nvmlSystemGetDriverVersion", api.driver_version);
  look_up(*handle, "nvmlSystemGetCudaDriverVersion", api.cuda_version);
  look_up(*handle, "nvmlDeviceGetCount_v2", api.count);
  look_up(*handle, "nvmlDeviceGetHandleByIndex_v2", api.by_index);
  look_up(*handle, "nvmlDeviceGetPciInfo_v3", api.pci_info);
  look_up(*handle, "nvmlDeviceGetName", api.device_name);
  look_up(*handle, "nvmlDeviceGetUUID", api.uuid);
  look_up(*handle, "nvmlDeviceGetMemoryInfo", api.memory);
  look_up(*handle, "nvmlDeviceGetMemoryInfo_v2", api.memory_v2);
  look_up(*handle, "nvmlDeviceGetUtilizationRates", api.utilization);
  look_up(*handle, "nvmlDeviceGetPowerUsage", api.power);
  look_up(*handle, "nvmlDeviceGetEnforcedPowerLimit", api.power_limit);
  look_up(*handle, "nvmlDeviceGetPowerManagementLimitConstraints", api.power_limits);
  look_up(*handle, "nvmlDeviceGetPowerManagementDefaultLimit", api.power_limit_default);
  look_up(*handle, "nvmlDeviceGetTemperature", api.temperature);
  look_up(*handle, "nvmlDeviceGetClockInfo", api.clock);
  look_up(*handle, "nvmlDeviceGetMaxClockInfo", api.max_clock);
  look_up(*handle, "nvmlDeviceGetEccMode", api.ecc_mode);
  look_up(*handle, "nvmlDeviceGetTotalEccErrors", api.ecc_errors);
  look_up(*handle, "nvmlDeviceGetRemappedRows", api.remapped_rows);
  look_up(*handle, "nvmlDeviceGetComputeRunningProcesses_v3", api.processes);
  look_up(*handle, "nvmlDeviceGetNvLinkState", api.link_state);
  look_up(*handle, "nvmlDeviceGetFieldValues", api.field_values);
  look_up(*handle, "nvmlDeviceGetMigMode", api.mig_mode);
  look_up(*handle, "nvmlDeviceGetMaxMigDeviceCount", api.mig_count);
  look_up(*handle, "nvmlDeviceGetMigDeviceHandleByIndex", api.mig_by_index);
  look_up(*handle, "nvmlDeviceGetGpuInstanceId", api.gpu_instance_id);
  look_up(*handle, "nvmlDeviceGetComputeInstanceId", api.compute_instance_id);
  look_up(*handle, "nvmlDeviceGetGpuInstanceById", api.gpu_instance);
  look_up(*handle, "nvmlGpuInstanceGetInfo", api.gpu_instance_info);
  if (api.init == nullptr || api.shutdown == nullptr || api.count == nullptr || api.by_index == nullptr || api.pci_info == nullptr) {
    return Error{ErrorCode::kAbsent, library + ": lacks nvmlInit_v2, nvmlShutdown, or a way to list devices; the driver is too old"};
  }
  return api;
}

std::string to_words(int code) {
  switch (code) {
    case kNotSupported: return "not supported";
    case kNoPermission: return "no permission";
    case kNotFound: return "not found";
    case kDriverNotLoaded: return "the driver is not loaded";
    case kTimeout: return "the driver timed out";
    case kFunctionNotFound: return "the library lacks the function";
    case kGpuIsLost: return "the card is lost: it fell off the bus or is not accessible";
    case kResetRequired: return "the card needs a reset";
    case kOperatingSystem: return "the operating system refused";
    case kVersionMismatch: return "driver and library are of different versions; a reboot or reload of the driver helps";
    case kNoData: return "no data";
    case kUnknown: return "the driver says unknown error";
    default: return "error " + std::to_string(code);
  }
}

}  // namespace capmap::nvml
