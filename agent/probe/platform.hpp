#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "agent/probe/topology.hpp"
#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// Where this system runs: facts of one machine that are no part of its shape. Empty text = unknown.
struct Platform {
  std::string hostname, os, kernel;
  std::string virtualization;  ///< "docker", "kvm", "vmware", ...; "vm" = some hypervisor; "none" on bare metal
};

/// Source:  proc/sys/kernel/{hostname,osrelease}, etc/os-release; container marks; sys/hypervisor, DMI, proc/cpuinfo's form, the device
///          tree, proc/sysinfo. `guest` is what the processor's flags say. A container's mark goes before the machine's.
/// Thread:  any. Cost: some fifteen small files.
Probed<Platform> read_platform(const HostRoot& root, std::optional<bool> guest);

/// The same from an XML topology alone.
Platform platform_from_topology(const Topology& topology);

/// PRETTY_NAME of os-release, unquoted; empty when missing.
std::string parse_pretty_name(std::string_view os_release);
/// Hypervisor a DMI vendor or product names: "kvm", "vmware", "microsoft", ...; empty for the names of real machines.
std::string hypervisor_of(std::string_view system_vendor, std::string_view product);

}  // namespace capmap
