#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/finding.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// What both doctors look at: files, clock, listening, and the process of a service as the kernel shows it. They change nothing.

/// A folder that is for its owner alone. Broken when it is missing or others may enter it; a warning when root owns it though `user`,
/// who is known here, runs the service.
Finding check_private_folder(const std::string& area, const std::string& path, const std::string& user);
/// A secret file: for its owner alone, who is the folder's.
Finding check_secret_file(const std::string& area, const std::string& path);
/// Whether the kernel says that its clock follows another (adjtimex), and how far it may be off.
Finding check_clock();
/// net.core.somaxconn: connections that wait to be accepted.
Finding check_somaxconn(const HostRoot& root);

/// A process of a service, of /proc/PID.
struct ServiceProcess {
  int pid = 0;
  std::uint32_t uid = 0;
  std::vector<std::uint32_t> groups;          ///< its group and the further ones
  std::optional<std::uint64_t> capabilities;  ///< effective ones, as bits
  std::optional<bool> no_new_privileges, system_calls_filtered;
  std::optional<std::uint64_t> open_files, core_bytes;  ///< limits as they hold; absent = none, or not told
  std::string cgroup;                                   ///< text of /proc/PID/cgroup
  /// It runs as a service of systemd, by its control group.
  [[nodiscard]] bool of_unit(std::string_view unit) const { return cgroup.find("/" + std::string(unit)) != std::string::npos; }
};
/// The process of that name (15 characters are kept of one); of several the one that runs in `unit`. Absent: none runs, or it is hidden
/// from us. At most 65,536 processes are looked at.
std::optional<ServiceProcess> find_service(const HostRoot& root, std::string_view name, std::string_view unit);

/// Whether mode and owner of a file let that process open it so (R_OK, W_OK); its sandbox may still say no.
bool may_open(const ServiceProcess& process, const std::string& path, int how);

/// Of /proc/PID/status: the number behind "KEY:" in base 10 or 16. Absent: no such line. Pure.
std::optional<std::uint64_t> status_number(std::string_view status, std::string_view key, int base);
/// Of /proc/PID/limits: the soft limit of a line that begins so; absent for "unlimited" and where there is none. Pure.
std::optional<std::uint64_t> soft_limit(std::string_view limits, std::string_view name);

/// "cap_sys_admin cap_bpf", lower numbers first; further ones as "cap_41". Pure.
std::string capability_words(std::uint64_t bits);

}  // namespace capmap
