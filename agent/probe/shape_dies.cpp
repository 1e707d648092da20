#include "agent/probe/shape_dies.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "agent/card_dies.hpp"

namespace capmap {
namespace {

constexpr std::uint16_t kHuawei = 0x19e5, kAscend910c = 0xd803;

using Accelerators = std::vector<Accelerator>;

auto find_address(Accelerators& accelerators, const std::string& address) {
  return std::ranges::find(accelerators, address, &Accelerator::pci_address);
}

/// Only where every die is there, alone and of one product.
void join(Accelerators& accelerators, const std::vector<std::string>& addresses) {
  const auto card = find_address(accelerators, addresses.front());
  if (card == accelerators.end()) return;
  auto memory = std::optional<std::uint64_t>(0);
  for (const auto& address : addresses) {
    const auto die = find_address(accelerators, address);
    if (die == accelerators.end() || !die->dies.empty()) return;
    const auto& a = die->shape;
    if (a.vendor_id != card->shape.vendor_id || a.device_id != card->shape.device_id) return;
    memory = memory && a.memory_bytes ? std::optional(*memory + *a.memory_bytes) : std::nullopt;
  }
  card->shape.memory_bytes = memory;
  card->shape.dies = static_cast<std::uint32_t>(addresses.size());
  card->dies = addresses;
  std::erase_if(accelerators, [&](const Accelerator& one) {
    return one.pci_address != addresses.front() && std::ranges::find(addresses, one.pci_address) != addresses.end();
  });
}

void join_by_serial(Accelerators& accelerators) {
  std::map<std::uint16_t, std::vector<Die>> by_product;
  for (const auto& one : accelerators) {
    if (dies_a_card(one.shape.vendor_id, one.shape.device_id) < 2) continue;
    by_product[one.shape.device_id].push_back({.pci_address = one.pci_address, .serial = one.serial});
  }
  for (const auto& product : by_product) {
    for (const auto& card : group_dies(product.second, 2)) {
      if (card.size() > 1) join(accelerators, card);
    }
  }
}

/// The driver's word; not of an address where another product sits by now.
void join_by_driver(const KnownDevices& known, Accelerators& accelerators) {
  for (const auto& [address, device] : known) {
    const auto card = find_address(accelerators, address);
    if (device.more_dies.empty() || card == accelerators.end()) continue;
    std::array<char, 12> id{};
    std::snprintf(id.data(), id.size(), "%04x:%04x", unsigned{card->shape.vendor_id}, unsigned{card->shape.device_id});
    if (device.pci_id != id.data()) continue;
    std::vector<std::string> addresses = {address};
    addresses.insert(addresses.end(), device.more_dies.begin(), device.more_dies.end());
    join(accelerators, addresses);
  }
}

Problem counted_alone(std::size_t count, const std::string& what, const char* why) {
  return {.probe = "accelerators", .what = std::to_string(count) + " dies of " + what + " are counted as devices of their own: " + why};
}

}  // namespace

std::vector<Problem> join_card_dies(const KnownDevices& known, std::vector<Accelerator>& accelerators) {
  join_by_serial(accelerators);
  join_by_driver(known, accelerators);
  std::size_t gcds = 0, chips = 0;
  for (const auto& one : accelerators) {
    if (!one.dies.empty()) continue;
    gcds += dies_a_card(one.shape.vendor_id, one.shape.device_id) > 1 ? 1 : 0;
    chips += one.shape.vendor_id == kHuawei && one.shape.device_id == kAscend910c ? 1 : 0;
  }
  std::vector<Problem> problems;
  if (gcds > 0) problems.push_back(counted_alone(gcds, "AMD cards of two", "no serial number tells which two share a card"));
  if (chips > 0) problems.push_back(counted_alone(chips, "Ascend 910C cards", "only their driver tells which two share a card"));
  return problems;
}

}  // namespace capmap
