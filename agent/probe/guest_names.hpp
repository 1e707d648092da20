#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/guest_lines.hpp"
#include "common/hardware.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// What the virtual machines that run here are known by. Texts as they were found.
struct GuestNames {
  std::set<std::string> uuids, addresses;  ///< addresses of their network ports; at most kMaxGuestNames of each
  std::size_t processes = 0;               ///< hypervisors whose command lines were read
  std::vector<Problem> problems;
};

inline constexpr std::size_t kMostProcesses = 16'384;     ///< looked at
inline constexpr std::size_t kMostPorts = 16'384;         ///< network interfaces looked at
inline constexpr std::size_t kMaxCommandBytes = 1 << 20;  ///< of one command line

/// Whether a process by this name (proc/PID/comm, cut to 15 characters) runs a virtual machine: QEMU, Cloud Hypervisor.
bool is_hypervisor_name(std::string_view comm);

/// Adds what a hypervisor's command line (proc/PID/cmdline: arguments, each ended by a NUL) says of its guest: QEMU's `-uuid`, `-smbios
/// type=1,uuid=`, `mac=` of -device and -nic, also as JSON, `macaddr=` of -net; Cloud Hypervisor's `--platform uuid=` and `--net mac=`.
/// Reads untrusted text; what looks like no address or UUID is passed over. Pure.
void add_guest_names(std::string_view command_line, GuestNames& names);

/// Looks for them everywhere.
///
/// Source:  sys/class/net: the host's ends of guests' ports, which libvirt gives the guest's address with fe in front (tap devices), or
///          that have the guest's own (macvtap); proc/*/comm and cmdline. The command lines are not read through notes: a capture must not
///          carry them.
/// Thread:  any. Cost: a file or two a process and interface. Reading a command line may hang where that process hangs.
GuestNames read_guest_names(const HostRoot& root);

}  // namespace capmap
