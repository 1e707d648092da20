#include "agent/probe/devices/amd_cards.hpp"

#include <array>
#include <cstdio>

#include "agent/card_dies.hpp"

namespace capmap {
namespace {

unsigned dies_of(const HostRoot& root, const std::string& pci_address) {
  const std::string folder = "sys/bus/pci/devices/" + pci_address;
  const auto vendor = root.read_u64(folder + "/vendor"), device = root.read_u64(folder + "/device");
  if (!vendor || !device || *vendor > UINT16_MAX || *device > UINT16_MAX) return 1;
  return dies_a_card(static_cast<std::uint16_t>(*vendor), static_cast<std::uint16_t>(*device));
}

}  // namespace

bool amd_card_present(const HostRoot& root) {
  constexpr std::uint64_t kAmd = 0x1002, kDisplay = 0x03, kProcessing = 0x12;
  constexpr unsigned kBaseClass = 16;
  const std::string bus = "sys/bus/pci/devices/";
  const auto names = root.list(bus);
  for (const auto& name : names ? *names : std::vector<std::string>()) {
    const auto vendor = root.read_u64(bus + name + "/vendor");
    if (!vendor || *vendor != kAmd) continue;
    const auto kind = root.read_u64(bus + name + "/class");
    if (kind && (*kind >> kBaseClass == kDisplay || *kind >> kBaseClass == kProcessing)) return true;
  }
  return false;
}

std::string amd_address(std::uint64_t domain, std::uint64_t location) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", static_cast<unsigned>(domain & 0xFFFF'FFFFU),
                static_cast<unsigned>(location >> 8U & 0xFFU), static_cast<unsigned>(location >> 3U & 0x1FU),
                static_cast<unsigned>(location & 7U));
  return text.data();
}

std::map<std::string, std::vector<std::string>> amd_cards(const HostRoot& root, const std::vector<std::string>& addresses) {
  std::map<std::string, std::vector<std::string>> cards;
  std::vector<Die> twins;  ///< dies of cards of two
  for (const auto& address : addresses) {
    if (dies_of(root, address) > 1) {
      twins.push_back({.pci_address = address, .serial = card_serial(root, address)});
    } else {
      cards[address] = {address};
    }
  }
  for (auto& card : group_dies(twins, 2)) cards[card.front()] = card;
  return cards;
}

}  // namespace capmap
