// A library with the ABI of Huawei's card management interface (DCMI), played from a text file: $CAPMAP_FALSE_DCMI, read anew when another
// one takes its place, so that a test changes a chip while it is watched. Lines "KEY VALUE":
//   cards N                        cards 0 to N - 1; C.chips M: chips C.0 to C.(M - 1) of card C, else 1
//   C.D.pci 0000:c1:00.0           address; C.D.id 19e5:d802; C.D.type TEXT; C.D.name TEXT
//   C.D.hbm UNITS C.D.hbm_used     HBM in the driver's unit; C.D.ddr MB C.D.ddr_free MB; C.D.busy PERCENT (whole); C.D.aicore PERCENT
//   C.D.power DECIWATTS C.D.temp   C.D.mhz C.D.hbm_mhz C.D.health N C.D.ecc DOUBLE_BIT_ERRORS C.D.processes N C.D.vnpus N
//   C.D.call.CALL hang | error CODE | delay MS    what a call does instead (CALL: pci, name, memory, utilization, power, …)
//   lib.call.CALL …                               likewise for init, cards, chips
// A value that is not given is "not supported". A call that hangs does so until its line is gone, or the file.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/support/played_script.hpp"

namespace {

constexpr int kSuccess = 0, kNotSupported = -8'255, kNotExist = -8'008;

capmap::support::PlayedScript& script() {
  static capmap::support::PlayedScript played("CAPMAP_FALSE_DCMI");
  return played;
}

bool value_of(const std::string& key, std::string& value) {
  const auto line = script().value_of(key);
  value = line.value_or(value);
  return line.has_value();
}

std::string chip(int card, int device) {
  return std::to_string(card) + "." + std::to_string(device);
}

template <class Number>
int answer(int card, int device, const char* call, const char* value, Number* out) {
  const auto owner = chip(card, device);
  if (const int code = script().act(owner, call); code != kSuccess) return code;
  std::string text;
  if (!value_of(owner + "." + value, text)) return kNotSupported;
  *out = static_cast<Number>(std::strtoll(text.c_str(), nullptr, 10));
  return kSuccess;
}

struct ChipInfo {
  char type[32], name[32], version[32];
  unsigned cores;
};
struct PcieInfoAll {
  unsigned vendor, subvendor, device, subdevice;
  int domain;
  unsigned bus, slot, function;
  char reserved[32];
};
struct HbmInfo {
  unsigned long long size;
  unsigned mhz;
  unsigned long long used;
  int celsius;
  unsigned bandwidth;
};
struct MemoryInfo {
  unsigned long long size, available;
  unsigned mhz;
  unsigned long page, pages, pages_free;
  unsigned percent;
  char reserved[60];
};
struct EccInfo {
  int enabled;
  unsigned counts[6];
};

}  // namespace

extern "C" {

int dcmi_init() {
  return script().act("lib", "init");
}
int dcmi_get_driver_version(char* out, unsigned length) {
  std::snprintf(out, length, "%s", "25.2.0");
  return kSuccess;
}
int dcmi_get_card_list(int* count, int* ids, int length) {
  if (const int code = script().act("lib", "cards"); code != kSuccess) return code;
  std::string cards;
  *count = value_of("cards", cards) ? std::atoi(cards.c_str()) : 0;
  for (int i = 0; i < std::min(*count, length); ++i) ids[i] = i;
  return kSuccess;
}
int dcmi_get_device_id_in_card(int card, int* most, int* controller, int* processor) {
  *controller = *processor = -1;
  std::string chips = "1";
  value_of(std::to_string(card) + ".chips", chips);
  *most = std::atoi(chips.c_str());
  return script().act(std::to_string(card), "chips");
}
int dcmi_get_device_pcie_info_v2(int card, int device, PcieInfoAll* info) {
  const auto owner = chip(card, device);
  if (const int code = script().act(owner, "pci"); code != kSuccess) return code;
  std::string address, id;
  if (!value_of(owner + ".pci", address) || !value_of(owner + ".id", id)) return kNotExist;
  std::memset(info, 0, sizeof *info);
  std::sscanf(address.c_str(), "%x:%x:%x.%x", reinterpret_cast<unsigned*>(&info->domain), &info->bus, &info->slot, &info->function);
  std::sscanf(id.c_str(), "%x:%x", &info->vendor, &info->device);
  return kSuccess;
}
int dcmi_get_device_chip_info(int card, int device, ChipInfo* info) {
  const auto owner = chip(card, device);
  if (const int code = script().act(owner, "name"); code != kSuccess) return code;
  std::string type, name;
  value_of(owner + ".type", type);
  value_of(owner + ".name", name);
  std::snprintf(info->type, sizeof info->type, "%s", type.c_str());
  std::snprintf(info->name, sizeof info->name, "%s", name.c_str());
  return kSuccess;
}
int dcmi_get_device_hbm_info(int card, int device, HbmInfo* info) {
  if (const int code = answer(card, device, "memory", "hbm", &info->size); code != kSuccess) return code;
  return answer(card, device, "memory", "hbm_used", &info->used);
}
int dcmi_get_device_memory_info_v3(int card, int device, MemoryInfo* info) {
  if (const int code = answer(card, device, "memory", "ddr", &info->size); code != kSuccess) return code;
  return answer(card, device, "memory", "ddr_free", &info->available);
}
int dcmi_get_device_utilization_rate(int card, int device, int type, unsigned* percent) {
  return answer(card, device, "utilization", type == 13 ? "busy" : type == 2 ? "aicore" : "", percent);
}
int dcmi_get_device_power_info(int card, int device, int* power) {
  return answer(card, device, "power", "power", power);
}
int dcmi_get_device_temperature(int card, int device, int* celsius) {
  return answer(card, device, "temperature", "temp", celsius);
}
int dcmi_get_device_frequency(int card, int device, int type, unsigned* mhz) {
  return answer(card, device, "clock", type == 7 ? "mhz" : type == 6 ? "hbm_mhz" : "", mhz);
}
int dcmi_get_device_health(int card, int device, unsigned* health) {
  return answer(card, device, "health", "health", health);
}
int dcmi_get_device_ecc_info(int card, int device, int, EccInfo* info) {
  std::memset(info, 0, sizeof *info);
  info->enabled = 1;
  return answer(card, device, "ecc", "ecc", &info->counts[1]);
}
int dcmi_get_device_resource_info(int card, int device, void*, int* count) {
  return answer(card, device, "processes", "processes", count);
}
int dcmi_get_device_info(int card, int device, int command, unsigned sub, void* buffer, unsigned* size) {
  if (command != 52 || sub != 1 || *size != 360) return -8'001;
  auto* words = static_cast<unsigned*>(buffer);
  const int code = answer(card, device, "vnpus", "vnpus", words);
  for (unsigned i = 0; code == kSuccess && i < std::min(words[0], 32U); ++i) words[1 + i] = 100 + i;
  return code;
}
}
