#include "agent/card_dies.hpp"

#include <algorithm>
#include <map>

namespace capmap {

unsigned dies_a_card(std::uint16_t vendor_id, std::uint16_t device_id) {
  constexpr std::uint16_t kAmd = 0x1002, kMi250x = 0x7408, kMi250 = 0x740c;
  return vendor_id == kAmd && (device_id == kMi250x || device_id == kMi250) ? 2 : 1;
}

std::string card_serial(const HostRoot& root, const std::string& pci_address) {
  const auto serial = root.read_line("sys/bus/pci/devices/" + pci_address + "/serial_number");
  return serial ? *serial : std::string();
}

std::vector<std::vector<std::string>> group_dies(const std::vector<Die>& all, unsigned dies) {
  constexpr std::size_t kMostSerial = 64;
  std::map<std::string, std::vector<std::string>> by_serial;
  for (const auto& die : all) by_serial[die.serial].push_back(die.pci_address);
  std::vector<std::vector<std::string>> cards;
  for (auto& [serial, addresses] : by_serial) {
    const bool told = serial.size() <= kMostSerial && serial.find_first_not_of('0') != std::string::npos;
    if (told && addresses.size() == dies) {
      std::ranges::sort(addresses);
      cards.push_back(std::move(addresses));
    } else {
      for (auto& address : addresses) cards.push_back({std::move(address)});
    }
  }
  std::ranges::sort(cards);
  return cards;
}

}  // namespace capmap
