// A library with the ABI of NVIDIA's management library, played from a text file: $CAPMAP_FALSE_NVML, read anew at each call, so that a
// test changes a card while it is watched. Lines "KEY VALUE":
//   devices N                     cards 0 to N - 1
//   I.pci 0000:17:00.0            address; I.id 10de:2330; I.name TEXT; I.uuid TEXT
//   I.total BYTES  I.used BYTES   memory; I.gpu PERCENT; I.power MILLIWATTS; I.limit; I.temp; I.sm MHZ; I.mem MHZ; I.ecc ERRORS
//   I.limit_min, I.limit_max, I.limit_default MILLIWATTS; I.sm_max, I.mem_max MHZ; I.ecc_mode, I.ecc_pending MODE; I.ecc_corrected ERRORS
//   I.links N up of I.links_all   I.link_mbs MEGABYTES of a link; I.link_type of that value
//   I.profile ID  I.place_size N  profile and size of each of its instances, one behind the other; root alone is told where not given
//   I.processes N                 I.mig MODE  I.mig_pending MODE  I.instances N  I.instance_total BYTES  I.instance_used BYTES
//   I.call.CALL hang | error CODE | delay MS      what a call does instead (CALL: init, count, handle, pci, name, uuid, memory, …)
//   lib.call.CALL …                               likewise for calls without a card
// A value that is not given is NVML_ERROR_NOT_SUPPORTED. A call that hangs does so until its line is gone, or the file.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/support/played_script.hpp"

namespace {

constexpr unsigned kMostLinks = 18, kLinkSpeed = 164;
constexpr int kSuccess = 0, kInvalidArgument = 2, kNotSupported = 3, kNoPermission = 4, kNotFound = 6, kInsufficientSize = 7;
constexpr std::uintptr_t kInstanceStep = 1'000;  ///< a handle is card + 1 + step * (instance + 1), the latter 0 for the card itself

capmap::support::PlayedScript& script() {
  static capmap::support::PlayedScript played("CAPMAP_FALSE_NVML");
  return played;
}

/// A value; empty when it is not given.
std::string value_of(const std::string& key) {
  return script().value_of(key).value_or("");
}

std::string card_of(void* device) {
  return std::to_string(reinterpret_cast<std::uintptr_t>(device) % kInstanceStep - 1);
}
bool is_instance(void* device) {
  return reinterpret_cast<std::uintptr_t>(device) >= kInstanceStep;
}

template <class Number>
int answer(void* device, const char* call, const char* value, Number* out) {
  const std::string card = card_of(device);
  if (const int code = script().act(card, call); code != kSuccess) return code;
  const auto line = script().value_of(card + "." + value);
  if (!line) return kNotSupported;
  *out = static_cast<Number>(std::strtoull(line->c_str(), nullptr, 10));
  return kSuccess;
}

int answer_text(void* device, const char* call, const char* value, char* out, unsigned length) {
  const std::string card = card_of(device);
  if (const int code = script().act(card, call); code != kSuccess) return code;
  const auto line = script().value_of(card + "." + value);
  if (!line) return kNotSupported;
  std::snprintf(out, length, "%s%s", line->c_str(), is_instance(device) ? " MIG 1g.10gb" : "");
  return kSuccess;
}

struct PciInfo {
  char legacy[16];
  unsigned domain, bus, device, id, subsystem;
  char bus_id[32];
};
struct MemoryV2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};
struct Utilization {
  unsigned gpu, memory;
};
struct InstanceInfo {
  void* device;
  unsigned id, profile, start, size;
};
struct FieldValue {
  unsigned id, scope;
  long long timestamp, latency;
  int type, code;
  unsigned long long value;
};

}  // namespace

extern "C" {

int nvmlInit_v2() {
  return script().act("lib", "init");
}
int nvmlShutdown() {
  return script().act("lib", "shutdown");
}
int nvmlSystemGetDriverVersion(char* out, unsigned length) {
  std::snprintf(out, length, "%s", "550.54.15");
  return script().act("lib", "driver");
}
int nvmlSystemGetCudaDriverVersion(int* version) {
  *version = 12'040;
  return kSuccess;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  if (const int code = script().act("lib", "count"); code != kSuccess) return code;
  *count = static_cast<unsigned>(std::strtoul(value_of("devices").c_str(), nullptr, 10));
  return kSuccess;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = reinterpret_cast<void*>(std::uintptr_t{index} + 1);
  return script().act(std::to_string(index), "handle");
}
int nvmlDeviceGetPciInfo_v3(void* device, PciInfo* info) {
  const std::string card = card_of(device);
  if (const int code = script().act(card, "pci"); code != kSuccess) return code;
  const auto address = value_of(card + ".pci"), id = value_of(card + ".id");
  std::memset(info, 0, sizeof *info);
  std::sscanf(address.c_str(), "%x:%x:%x", &info->domain, &info->bus, &info->device);
  std::snprintf(info->bus_id, sizeof info->bus_id, "0000%s", address.c_str());
  unsigned vendor = 0, product = 0;
  std::sscanf(id.c_str(), "%x:%x", &vendor, &product);
  info->id = product << 16U | vendor;
  return kSuccess;
}
int nvmlDeviceGetName(void* device, char* out, unsigned length) {
  return answer_text(device, "name", "name", out, length);
}
int nvmlDeviceGetUUID(void* device, char* out, unsigned length) {
  return answer_text(device, "uuid", "uuid", out, length);
}
int nvmlDeviceGetMemoryInfo_v2(void* device, MemoryV2* memory) {
  if (memory->version != (sizeof(MemoryV2) | 2U << 24U)) return 25;  // NVML_ERROR_ARGUMENT_VERSION_MISMATCH
  const bool part = is_instance(device);
  memory->reserved = 0;
  if (const int code = answer(device, "memory", part ? "instance_total" : "total", &memory->total); code != kSuccess) return code;
  return answer(device, "memory", part ? "instance_used" : "used", &memory->used);
}
int nvmlDeviceGetUtilizationRates(void* device, Utilization* busy) {
  return answer(device, "utilization", "gpu", &busy->gpu);
}
int nvmlDeviceGetPowerUsage(void* device, unsigned* out) {
  return answer(device, "power", "power", out);
}
int nvmlDeviceGetEnforcedPowerLimit(void* device, unsigned* out) {
  return answer(device, "limit", "limit", out);
}
int nvmlDeviceGetPowerManagementLimitConstraints(void* device, unsigned* least, unsigned* most) {
  if (const int code = answer(device, "limits", "limit_min", least); code != kSuccess) return code;
  return answer(device, "limits", "limit_max", most);
}
int nvmlDeviceGetPowerManagementDefaultLimit(void* device, unsigned* out) {
  return answer(device, "limits", "limit_default", out);
}
int nvmlDeviceGetMaxClockInfo(void* device, unsigned type, unsigned* out) {
  return answer(device, "clock", type == 2 ? "mem_max" : "sm_max", out);
}
int nvmlDeviceGetEccMode(void* device, unsigned* now, unsigned* pending) {
  if (const int code = answer(device, "ecc", "ecc_mode", now); code != kSuccess) return code;
  return answer(device, "ecc", "ecc_pending", pending);
}
int nvmlDeviceGetTemperature(void* device, unsigned, unsigned* out) {
  return answer(device, "temperature", "temp", out);
}
int nvmlDeviceGetClockInfo(void* device, unsigned type, unsigned* out) {
  return answer(device, "clock", type == 2 ? "mem" : "sm", out);
}
int nvmlDeviceGetTotalEccErrors(void* device, unsigned type, unsigned, unsigned long long* out) {
  return answer(device, "ecc", type == 0 ? "ecc_corrected" : "ecc", out);
}
int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned* count, void*) {
  if (is_instance(device)) {
    *count = 0;
    return kSuccess;
  }
  const int code = answer(device, "processes", "processes", count);
  return code == kSuccess && *count > 0 ? kInsufficientSize : code;
}
int nvmlDeviceGetNvLinkState(void* device, unsigned link, int* active) {
  unsigned up = 0, all = kMostLinks;
  if (const int code = answer(device, "links", "links", &up); code != kSuccess) return code;
  answer(device, "links", "links_all", &all);
  *active = link < up ? 1 : 0;
  return link < all ? kSuccess : kInvalidArgument;
}
int nvmlDeviceGetFieldValues(void* device, int count, FieldValue* values) {
  for (int i = 0; i < count; ++i) {
    values[i].value = 0;
    values[i].code = values[i].id == kLinkSpeed ? answer(device, "field", "link_mbs", &values[i].value) : kNotSupported;
    values[i].type = 1;
    answer(device, "field", "link_type", &values[i].type);
  }
  return kSuccess;
}
int nvmlDeviceGetGpuInstanceId(void* device, unsigned* id) {
  *id = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(device) / kInstanceStep);
  return kSuccess;
}
int nvmlDeviceGetComputeInstanceId(void*, unsigned* id) {
  *id = 0;
  return kSuccess;
}
int nvmlDeviceGetGpuInstanceById(void* device, unsigned id, void** instance) {
  if (!script().value_of(card_of(device) + ".profile")) return kNoPermission;
  *instance = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(device) + kInstanceStep * id);
  return kSuccess;
}
int nvmlGpuInstanceGetInfo(void* instance, InstanceInfo* info) {
  const auto number = static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(instance) / kInstanceStep);
  info->device = nullptr;
  info->id = number;
  if (const int code = answer(instance, "instance", "profile", &info->profile); code != kSuccess) return code;
  const int code = answer(instance, "instance", "place_size", &info->size);
  info->start = (number - 1) * info->size;
  return code;
}
int nvmlDeviceGetMigMode(void* device, unsigned* now, unsigned* pending) {
  if (const int code = answer(device, "mig", "mig", now); code != kSuccess) return code;
  return answer(device, "mig", "mig_pending", pending);
}
int nvmlDeviceGetMaxMigDeviceCount(void*, unsigned* count) {
  *count = 7;
  return kSuccess;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index, void** out) {
  unsigned instances = 0;
  if (const int code = answer(device, "instance", "instances", &instances); code != kSuccess) return code;
  if (index >= instances) return kNotFound;
  *out = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(device) + kInstanceStep * (index + 1));
  return kSuccess;
}
}
