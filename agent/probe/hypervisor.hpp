#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/host_root.hpp"

namespace capmap {

/// What a system runs on: "kvm", "vmware", "xen", ...; "vm" = some hypervisor; "none" = the bare machine, or a hypervisor's own system;
/// empty = not told.
///
/// Source:  sys/hypervisor/type; DMI; on the running machine CPUID; the device tree, proc/sysinfo, proc/cpuinfo's form. `guest` is what
///          the processor's flags say: false overrules a cloud's name in DMI, which it gives its bare machines too.
/// Thread:  any. Cost: some six small files.
std::string read_hypervisor(const HostRoot& root, std::optional<bool> guest);

/// Hypervisor that a DMI vendor or product names; empty for the names of real machines.
std::string hypervisor_of(std::string_view system_vendor, std::string_view product);

}  // namespace capmap
