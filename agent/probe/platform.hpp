#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "agent/probe/cgroup_limits.hpp"
#include "agent/probe/smbios.hpp"
#include "agent/probe/topology.hpp"
#include "agent/probe/words.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// Where this system runs: facts of one machine that are no part of its shape. Empty text = unknown.
struct Platform {
  std::string hostname, os, kernel;
  std::string virtualization;               ///< the container where we stand in one, else the hypervisor
  std::string os_name{}, os_version{};      ///< "Debian GNU/Linux", "12"
  std::string hypervisor{};                 ///< as read_hypervisor
  std::string container{};                  ///< "docker", "lxc", "wsl", ...; "none" where no mark of one is
  std::string maker{}, product{};           ///< of the machine, as the next by DMI; placeholders are unknown
  std::string board_maker{}, board{};       ///< of the main board
  std::string bios_version{}, bios_date{};  ///< as firmware writes it: "06/14/2023"
  std::optional<CgroupLimits> cgroup{};     ///< absent = not told
};

/// Source:  proc/sys/kernel/{hostname,osrelease}, etc/os-release; container marks; as read_hypervisor and read_cgroup_limits;
///          sys/class/dmi/id/{sys_vendor,product_name,board_vendor,board_name,bios_version,bios_date}, which everybody may read.
/// Thread:  any. Cost: some thirty small files.
Probed<Platform> read_platform(const HostRoot& root, std::optional<bool> guest);

/// The container this system is, by its marks: "docker", "lxc", …, "none" where there is no mark; empty where not even the first process
/// can be asked, as in the service.
std::string read_container(const HostRoot& root);
/// Where that is unknown: what was read of it with more rights.
void complete_container(const std::string& container, Platform& platform);

/// Fills in what sysfs left open from firmware's own table.
void complete_from_firmware(const Smbios& firmware, Platform& platform);

/// The same from an XML topology alone.
Platform platform_from_topology(const Topology& topology);

/// PRETTY_NAME of os-release, unquoted; empty when missing.
std::string parse_pretty_name(std::string_view os_release);

}  // namespace capmap
