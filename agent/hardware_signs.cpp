#include "agent/hardware_signs.hpp"

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace capmap {
namespace {

constexpr std::array<const char*, 3> kFolders = {"sys/bus/pci/devices", "sys/block", "sys/class/net"};
constexpr std::size_t kMaxEntries = 65'536;

/// Everything the signs say, as one text.
std::string signs_of(const HostRoot& root) {
  std::string text;
  for (const auto* folder : kFolders) {
    const auto names = root.list(folder, kMaxEntries);
    text += folder;
    if (!names) text += names.error().what;
    for (const auto& name : names ? *names : std::vector<std::string>()) {
      const bool virtual_disk = name.starts_with("loop") || name.starts_with("dm-") || name.starts_with("zram");
      const bool virtual_nic = name.starts_with("veth") || name.starts_with("tap") || name.starts_with("docker");
      if (!virtual_disk && !virtual_nic) text += " " + name;  // those come and go with containers
    }
  }
  const auto online = root.read_line("sys/devices/system/cpu/online");
  text += online ? *online : online.error().what;
  const auto memory = root.read_line("proc/meminfo");  // its first line is MemTotal
  return text + (memory ? *memory : memory.error().what);
}

}  // namespace

bool HardwareSigns::changed(const HostRoot& root, std::uint64_t now_ms) {
  if (now_ms < due_ms_) return false;
  due_ms_ = now_ms + kSignsEveryMs;
  const auto before = signs_;
  signs_ = std::hash<std::string>{}(signs_of(root));
  return std::exchange(known_, true) && signs_ != before;
}

}  // namespace capmap
