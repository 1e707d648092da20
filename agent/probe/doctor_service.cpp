#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/probe/cgroup_limits.hpp"
#include "agent/probe/doctor.hpp"
#include "agent/probe/settings_sources.hpp"
#include "agent/turn_lock.hpp"
#include "common/known_server.hpp"
#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxEnvironment = 256 * 1024;
constexpr const char* kUnitFix = "install the unit as it is shipped, then systemctl daemon-reload and systemctl restart capmap-agent";

std::string mib(std::uint64_t bytes) {
  return std::to_string(bytes >> 20U) + " MiB";
}

std::string cores(std::uint64_t millicores) {
  const auto part = std::to_string(1'000 + millicores % 1'000).substr(1, 2);
  return std::to_string(millicores / 1'000) + "." + part;
}

/// A variable of a process's environment; absent: not set. Errors: of the file.
Result<std::optional<std::string>> variable_of(const HostRoot& root, int pid, std::string_view name) {
  const auto text = root.read("proc/" + std::to_string(pid) + "/environ", kMaxEnvironment);
  if (!text) return text.error();
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto entry = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return std::optional(std::string(entry.substr(name.size() + 1)));
  }
  return std::optional<std::string>();
}

void check_watchdog(const Patient& patient, Findings& findings) {
  const auto limit = variable_of(patient.root, patient.service->pid, "WATCHDOG_USEC");
  if (!limit) {
    findings.push_back({"watchdog", Health::kNote, "is not shown to us", "run this as root"});
  } else if (!*limit || (*limit)->size() < 4) {
    findings.push_back({"watchdog", Health::kWarning, "is off: an agent that hangs stays so", std::string("WatchdogSec=60; ") + kUnitFix});
  } else {
    findings.push_back(
        {"watchdog", Health::kWell, "begins the service anew when it hangs for " + (*limit)->substr(0, (*limit)->size() - 3) + " ms"});
  }
}

void check_rights(const ServiceProcess& service, Findings& findings) {
  if (service.uid == 0) {
    findings.push_back({"user", Health::kWarning, "the agent runs as root, which it never needs", kUnitFix});
  } else {
    findings.push_back({"user", Health::kWell, "the agent runs as user " + std::to_string(service.uid)});
  }
  if (!service.capabilities) return;
  const auto words = capability_words(*service.capabilities);
  if (words.empty()) {
    findings.push_back({"capabilities", Health::kWell, "none"});
  } else {
    findings.push_back({"capabilities", Health::kWarning, "the agent holds " + words + ", and needs none", kUnitFix});
  }
  const bool boxed = service.no_new_privileges.value_or(false) && service.system_calls_filtered.value_or(false);
  findings.push_back(boxed ? Finding{"sandbox", Health::kWell, "no new privileges, system calls are filtered"}
                           : Finding{"sandbox", Health::kWarning, "new privileges or all system calls are open to the agent", kUnitFix});
}

bool is_child_of_service(const Patient& patient, int pid) {
  const auto status = patient.root.read("proc/" + std::to_string(pid) + "/status");
  return status && patient.service && status_number(*status, "PPid", 10) == static_cast<std::uint64_t>(patient.service->pid);
}

/// The controller's keys as news told them; none were told where the file is not there.
void check_server_keys(const AgentSettings& settings, Findings& findings) {
  const auto path = server_keys_path(settings.state);
  if (access(path.c_str(), F_OK) != 0) return;
  auto secret = check_secret_file("keys", path);
  if (secret.health != Health::kWell) return findings.push_back(std::move(secret));
  const auto server = KnownServer::open(joined_server(settings));
  if (server && !server->passed_over().empty()) findings.push_back({"keys", Health::kWarning, server->passed_over(), "rm " + path});
}

}  // namespace

void check_state(const Patient& patient, Findings& findings) {
  const auto& state = patient.settings.state;
  findings.push_back(check_private_folder("state", state, kAgentUser));
  if (findings.back().health == Health::kBroken && access(state.c_str(), F_OK) != 0)
    findings.back().fix = "capmap-agent join TOKEN makes it, and so does the service's start";
  const auto key = key_path(state);
  if (access(key.c_str(), F_OK) != 0 && access(state.c_str(), X_OK) == 0) {
    findings.push_back({"keys", Health::kBroken, key + ": is not there: this server has not joined", "capmap-agent join TOKEN"});
  } else {
    findings.push_back(check_secret_file("keys", key));
    const auto keys = load_curve_keys(key);
    if (!keys && keys.error().code == ErrorCode::kMalformed)
      findings.push_back({"keys", Health::kBroken, keys.error().what, "remove it, and capmap-agent join TOKEN"});
  }
  check_server_keys(patient.settings, findings);
  const auto meant = check_meaning(patient.settings);
  findings.push_back(meant ? Finding{"settings", Health::kWell, "reports to " + patient.settings.controller_endpoint}
                           : Finding{"settings", Health::kBroken, meant.error().what, "capmap-agent join TOKEN"});
}

Finding limits_finding(const HostRoot& root, const std::string& cgroup_file) {
  const auto limits = read_cgroup_limits(root, cgroup_file);
  if (!limits) return {"limits", Health::kNote, cgroup_file + ": the kernel does not tell which control groups hold", ""};
  std::string held, open;
  const auto note = [](std::string& text, const std::string& word) { text += (text.empty() ? "" : ", ") + word; };
  limits->memory_bytes ? note(held, "memory " + mib(*limits->memory_bytes)) : note(open, "memory");
  limits->cpu_millicores ? note(held, "processors " + cores(*limits->cpu_millicores)) : note(open, "processors");
  limits->tasks ? note(held, "tasks " + std::to_string(*limits->tasks)) : note(open, "tasks");
  if (open.empty()) return {"limits", Health::kWell, held};
  return {"limits", Health::kWarning, "no limit of " + open + " is in force" + (held.empty() ? "" : "; in force: " + held),
          "MemoryMax=, CPUQuota= and TasksMax= hold where systemd has the controllers: boot with control groups of version 2 "
          "(systemd.unified_cgroup_hierarchy=1), and delegate memory, cpu and pids to a container"};
}

void check_service(const Patient& patient, Findings& findings) {
  if (!patient.service) {
    findings.push_back(
        {"service", Health::kWarning, "no capmap-agent runs here, or it is hidden from us", "systemctl enable --now capmap-agent"});
    findings.push_back(limits_finding(patient.root, "proc/self/cgroup"));
    findings.back().what += " (of this shell)";
    if (findings.back().health == Health::kWarning) findings.back().health = Health::kNote;
  } else {
    const auto& service = *patient.service;
    const bool unit = service.of_unit(kAgentUnit);
    findings.push_back({"service", unit ? Health::kWell : Health::kNote,
                        "runs as process " + std::to_string(service.pid) + (unit ? "" : ", not as a service of systemd")});
    check_rights(service, findings);
    findings.push_back(limits_finding(patient.root, "proc/" + std::to_string(service.pid) + "/cgroup"));
    if (unit) check_watchdog(patient, findings);
    if (!service.core_bytes || *service.core_bytes != 0)
      findings.push_back({"core", Health::kNote, "a crash may write the agent's key to disk", "LimitCORE=0 in the unit"});
  }
  for (const char* name : {"devices", "mounts"}) {
    const int holder = turn_holder(patient.settings.state, name);
    if (holder == 0 || is_child_of_service(patient, holder)) continue;
    findings.push_back({"earlier run", Health::kWarning,
                        "capmap-probe " + std::string(name) + " (process " + std::to_string(holder) +
                            ") of an earlier run hangs in a driver or a file system; nothing is started beside it",
                        "look at the driver (dmesg); the process ends when its call returns, or with the machine: do not kill it"});
  }
}

}  // namespace capmap
