#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "agent/settings.hpp"
#include "common/finding.hpp"
#include "common/host_checks.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// What `doctor` looks at: this installation of an agent, and its service where that runs. Nothing is changed, and no driver is called.
struct Patient {
  AgentSettings settings;
  HostRoot root;                          ///< of the running machine, "/"
  std::optional<ServiceProcess> service;  ///< capmap-agent, where it runs and is shown to us
};
inline constexpr const char* kAgentUser = "capmap-agent";
inline constexpr const char* kAgentUnit = "capmap-agent.service";

/// State folder, key, what join wrote.
void check_state(const Patient& patient, Findings& findings);
/// The controller: its name's addresses, a TCP connection to each, a CURVE handshake with this server's key, and its clock against ours. Up
/// to some 20 s.
void check_link(const Patient& patient, Findings& findings);
/// How far this machine's clock is from the controller's: what was answered at `controller_unix_ms` was asked and heard at these times of
/// ours. What lies within the time on the way is no difference.
Finding skew_finding(std::uint64_t asked_unix_ms, std::uint64_t controller_unix_ms, std::uint64_t heard_unix_ms);
/// The service: does it run, as whom, with which capabilities, under which limits (those that hold, not those that are asked for), is its
/// watchdog on, does a child of an earlier run hang.
void check_service(const Patient& patient, Findings& findings);
/// What probes cannot read from here, what is lost by that, and what gives it back.
void check_probes(const Patient& patient, Findings& findings);
/// Vendors whose driver is loaded: their library, their nodes below /dev for the service's user.
void check_vendors(const Patient& patient, Findings& findings);

/// Which limits of memory, processors and tasks are in force for the process whose "proc/PID/cgroup" that is.
Finding limits_finding(const HostRoot& root, const std::string& cgroup_file);

}  // namespace capmap
