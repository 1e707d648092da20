#include "agent/probe/pci_ids.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "agent/fields.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostBytes = 8 << 20, kMostName = 200;
constexpr std::array kPlaces = {"usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids"};

std::string hex4(std::uint16_t id) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04x", unsigned{id});
  return text.data();
}

Result<std::string> read_list(const HostRoot& root) {
  auto text = root.read(kPlaces[0], kMostBytes);
  return text ? text : root.read(kPlaces[1], kMostBytes);
}

}  // namespace

std::optional<std::string> name_in_pci_ids(std::string_view text, std::uint16_t vendor_id, std::uint16_t device_id) {
  const auto vendor = hex4(vendor_id), device = "\t" + hex4(device_id);
  bool inside = false;
  while (!text.empty()) {
    auto line = take_line(text);
    if (line.empty() || line[0] == '#') continue;
    if (line[0] != '\t') {
      if (inside) return std::nullopt;
      inside = line.starts_with(vendor + " ");
    } else if (inside && line.starts_with(device + " ")) {
      line.remove_prefix(device.size());
      const auto first = line.find_first_not_of(' '), last = line.find_last_not_of(" \r");
      if (first == std::string_view::npos) return std::nullopt;
      return std::string(line.substr(first, std::min(last - first + 1, kMostName)));
    }
  }
  return std::nullopt;
}

void name_from_pci_ids(const HostRoot& root, std::vector<Accelerator>& accelerators) {
  const auto nameless = [](const Accelerator& one) { return one.model.empty(); };
  if (std::ranges::none_of(accelerators, nameless)) return;
  const auto list = read_list(root);
  if (!list) return;
  for (auto& one : accelerators) {
    if (nameless(one)) one.model = name_in_pci_ids(*list, one.shape.vendor_id, one.shape.device_id).value_or("");
  }
}

}  // namespace capmap
