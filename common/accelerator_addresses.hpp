#pragma once
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/hardware.hpp"

namespace capmap {

/// Addresses of accelerators do not travel with each usage where hello has said them: these two are the ends of that. Pure.

/// True when the devices are exactly hello's, each once.
inline bool addresses_as_in_hello(const std::vector<AcceleratorUse>& uses, std::vector<std::string> of_hello) {
  std::ranges::sort(of_hello);
  return !uses.empty() && std::ranges::equal(uses, of_hello, {}, &AcceleratorUse::pci_address);
}

/// The devices with the addresses that did not travel; without them where hello's are not kept; none when hello said another number.
inline std::vector<AcceleratorUse> with_addresses(std::vector<AcceleratorUse> uses, std::vector<std::string> of_hello) {
  if (of_hello.empty()) return uses;
  if (uses.size() != of_hello.size()) return {};
  std::ranges::sort(of_hello);
  for (std::size_t i = 0; i < uses.size(); ++i) uses[i].pci_address = std::move(of_hello[i]);
  return uses;
}

}  // namespace capmap
