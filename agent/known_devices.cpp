#include "agent/known_devices.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "agent/fields.hpp"
#include "agent/small_file.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostDevices = 1'024, kMostDies = 16, kMaxFileBytes = 256 * 1024;

}  // namespace

std::string known_devices_path(const std::string& state) {
  return state + "/accelerators.known";
}

Result<KnownDevices> read_known_devices(const std::string& path) {
  const auto slash = path.rfind('/');
  const HostRoot folder(slash == std::string::npos ? "." : path.substr(0, slash + 1));
  const auto text = folder.read(std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1), kMaxFileBytes);
  if (!text) return text.error();
  KnownDevices devices;
  std::string_view rest = *text;
  while (!rest.empty() && devices.size() < kMostDevices) {
    auto line = take_line(rest);
    const std::string whole(line.substr(0, 80));
    auto dies = take_word(line);
    const std::string address(take_until(dies, '+'));
    KnownDevice device;
    bool nameless = address.empty();
    while (!dies.empty() && device.more_dies.size() < kMostDies) {
      device.more_dies.emplace_back(take_until(dies, '+'));
      nameless = nameless || device.more_dies.back().empty();
    }
    device.pci_id = take_word(line);
    const auto bytes = take_word(line);
    device.memory_bytes = to_number(bytes);
    if (!line.empty()) device.name = line.substr(1);
    if (nameless || bytes.empty() || (!device.memory_bytes && bytes != "-"))
      return Error{ErrorCode::kMalformed, path + ": \"" + whole + "\""};
    devices.emplace(address, std::move(device));
  }
  return devices;
}

std::string known_devices_text(const KnownDevices& devices) {
  std::string text;
  for (const auto& [address, device] : devices) {
    text += address;
    for (const auto& die : device.more_dies) text += "+" + die;
    text += " " + device.pci_id + " " + (device.memory_bytes ? std::to_string(*device.memory_bytes) : "-") + " " + device.name + "\n";
  }
  return text;
}

Result<Done> write_known_devices(const std::string& path, const KnownDevices& devices) {
  return replace_file(path, known_devices_text(devices));
}

}  // namespace capmap
