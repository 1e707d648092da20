#pragma once
#include <string>
#include <string_view>

#include "agent/settings.hpp"
#include "common/fingerprint.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// The first of kUuidFiles that this process may read and that says something, else what `capmap-probe privileged` left of it in
/// `privileged`, its file, where that is of this boot and salt.
std::optional<Fingerprint> read_machine_uuid(const HostRoot& root, std::string_view salt, const std::string& privileged);

/// What tells this machine from all others (see MachineMarks), the same for each agent on it.
///
/// Source:  read_machine_uuid(); on bare machines the ports' addresses that their makers gave them: sys/class/net/*/address where
///          addr_assign_type is 0, else bonding_slave/perm_hwaddr. Left out are ports without a device, virtual functions, and what hangs
///          on a USB bus: docks and service processors come and go, or have the same address on each board.
/// `virtualization` is hello's word: "none" is a bare machine; anything else, nothing too, says no ports.
/// Thread:  any. Cost: a directory, five look-ups a port.
MachineMarks read_machine_marks(const HostRoot& root, const AgentSettings& settings, std::string_view virtualization);

}  // namespace capmap
