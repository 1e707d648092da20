// A library with the ABI of AMD's ROCm SMI, played from a text file: $CAPMAP_FALSE_ROCM_SMI, read anew when another one takes its place.
// Lines "KEY VALUE":
//   devices N                     devices 0 to N - 1
//   I.pci 0000:c1:00.0            address; I.part N: partition in the PCI id; I.id 1002:74a1; I.name TEXT; I.unique HEX
//   I.total BYTES I.used BYTES    memory; I.busy PERCENT; I.socket MICROWATTS; I.average MICROWATTS; I.cap MICROWATTS
//   I.edge I.junction             thousandths of a degree; I.ecc UNCORRECTED; I.corrected N; I.mode SPX
//   I.call.CALL hang | error CODE | delay MS      what a call does instead (CALL: pci, name, memory, busy, power, …)
//   lib.call.CALL …                               likewise for init, count
// A value that is not given is "not supported".
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/played_script.hpp"

namespace {

constexpr unsigned kSuccess = 0, kNotSupported = 2;

capmap::support::PlayedScript& script() {
  static capmap::support::PlayedScript played("CAPMAP_FALSE_ROCM_SMI");
  return played;
}

unsigned text(std::uint32_t device, const char* call, const std::string& value, std::string& out) {
  const auto owner = std::to_string(device);
  if (const int code = script().act(owner, call); code != 0) return static_cast<unsigned>(code);
  const auto line = script().value_of(owner + "." + value);
  if (!line) return kNotSupported;
  out = *line;
  return kSuccess;
}

template <class Number>
unsigned answer(std::uint32_t device, const char* call, const char* value, Number* out, int base = 10) {
  std::string digits;
  if (const unsigned code = text(device, call, value, digits); code != kSuccess) return code;
  *out = digits.starts_with('-') ? static_cast<Number>(std::strtoll(digits.c_str(), nullptr, base))
                                 : static_cast<Number>(std::strtoull(digits.c_str(), nullptr, base));
  return kSuccess;
}

unsigned copy(std::uint32_t device, const char* call, const char* value, char* out, std::size_t length) {
  std::string line;
  if (const unsigned code = text(device, call, value, line); code != kSuccess) return code;
  std::snprintf(out, length, "%s", line.c_str());
  return kSuccess;
}

struct Errors {
  std::uint64_t correctable, uncorrectable;
};

}  // namespace

extern "C" {

unsigned rsmi_init(std::uint64_t) {
  return static_cast<unsigned>(script().act("lib", "init"));
}
unsigned rsmi_shut_down() {
  return kSuccess;
}
unsigned rsmi_version_str_get(unsigned component, char* out, std::uint32_t length) {
  if (component != 0) return 1;
  std::snprintf(out, length, "%s", "6.10.5");
  return kSuccess;
}
unsigned rsmi_num_monitor_devices(std::uint32_t* count) {
  if (const int code = script().act("lib", "count"); code != 0) return static_cast<unsigned>(code);
  *count = static_cast<std::uint32_t>(std::atoi(script().value_of("devices").value_or("0").c_str()));
  return kSuccess;
}
unsigned rsmi_dev_pci_id_get(std::uint32_t device, std::uint64_t* id) {
  std::string address;
  if (const unsigned code = text(device, "pci", "pci", address); code != kSuccess) return code;
  std::uint64_t domain = 0, bus = 0, slot = 0, function = 0, part = 0;
  std::sscanf(address.c_str(), "%" SCNx64 ":%" SCNx64 ":%" SCNx64 ".%" SCNx64, &domain, &bus, &slot, &function);
  answer(device, "pci", "part", &part);
  *id = domain << 32U | part << 28U | bus << 8U | slot << 3U | function;
  return kSuccess;
}
unsigned rsmi_dev_vendor_id_get(std::uint32_t device, std::uint16_t* id) {
  return answer(device, "id", "id", id, 16);
}
unsigned rsmi_dev_id_get(std::uint32_t device, std::uint16_t* id) {
  std::string both;
  if (const unsigned code = text(device, "id", "id", both); code != kSuccess) return code;
  *id = static_cast<std::uint16_t>(std::strtoul(both.substr(both.find(':') + 1).c_str(), nullptr, 16));
  return kSuccess;
}
unsigned rsmi_dev_name_get(std::uint32_t device, char* out, std::size_t length) {
  return copy(device, "name", "name", out, length);
}
unsigned rsmi_dev_unique_id_get(std::uint32_t device, std::uint64_t* id) {
  return answer(device, "unique", "unique", id, 16);
}
unsigned rsmi_dev_memory_total_get(std::uint32_t device, unsigned type, std::uint64_t* bytes) {
  return type == 0 ? answer(device, "memory", "total", bytes) : 1;
}
unsigned rsmi_dev_memory_usage_get(std::uint32_t device, unsigned type, std::uint64_t* bytes) {
  return type == 0 ? answer(device, "memory", "used", bytes) : 1;
}
unsigned rsmi_dev_busy_percent_get(std::uint32_t device, std::uint32_t* percent) {
  return answer(device, "busy", "busy", percent);
}
unsigned rsmi_dev_current_socket_power_get(std::uint32_t device, std::uint64_t* microwatts) {
  return answer(device, "power", "socket", microwatts);
}
unsigned rsmi_dev_power_ave_get(std::uint32_t device, std::uint32_t, std::uint64_t* microwatts) {
  return answer(device, "power", "average", microwatts);
}
unsigned rsmi_dev_power_cap_get(std::uint32_t device, std::uint32_t, std::uint64_t* microwatts) {
  return answer(device, "cap", "cap", microwatts);
}
unsigned rsmi_dev_temp_metric_get(std::uint32_t device, std::uint32_t sensor, unsigned metric, std::int64_t* heat) {
  if (metric != 0 || sensor > 1) return kNotSupported;
  return answer(device, "temperature", sensor == 0 ? "edge" : "junction", heat);
}
unsigned rsmi_dev_ecc_count_get(std::uint32_t device, std::uint64_t block, Errors* errors) {
  if (block != 1) return kNotSupported;
  errors->correctable = 0;
  answer(device, "ecc", "corrected", &errors->correctable);
  return answer(device, "ecc", "ecc", &errors->uncorrectable);
}
unsigned rsmi_dev_compute_partition_get(std::uint32_t device, char* out, std::uint32_t length) {
  return copy(device, "mode", "mode", out, length);
}
}
