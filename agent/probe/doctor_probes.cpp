#include <unistd.h>

#include <map>

#include "agent/fields.hpp"
#include "agent/privileged_facts.hpp"
#include "agent/probe/doctor.hpp"
#include "agent/probe/smbios.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxMountinfoBytes = 4 << 20, kMostDomains = 1'024;
constexpr const char* kBeforeStart =
    "ExecStartPre=-+/usr/bin/capmap-probe privileged in the unit reads it before each start, as does "
    "running that as root";

/// Where a thing may be looked at: as the service sees it, where it runs and we may, else as we do.
std::string view_of(const Patient& patient) {
  if (!patient.service) return "";
  const std::string folder = "proc/" + std::to_string(patient.service->pid) + "/root/";
  return patient.root.list(folder).ok() ? folder : "";
}

void check_firmware(const Patient& patient, Findings& findings) {
  const bool there = patient.root.exists(kSmbiosFile);
  const auto facts = read_privileged_facts(privileged_path(patient.settings.state));
  if (facts) {
    const bool own_salt = facts->salt_mark == salt_mark(patient.settings.salt());
    findings.push_back({"firmware", Health::kWell,
                        std::string("read by root before the service began: table ") + (facts->smbios.empty() ? "absent" : "known") +
                            ", UUID " + (facts->uuid ? "known" : "absent") + ", serial number " + (facts->serial ? "known" : "absent")});
    if (!own_salt) {
      findings.push_back({"firmware", Health::kWarning, "UUID and serial number were hashed with another salt, and are not used",
                          "systemctl restart capmap-agent"});
    }
    return;
  }
  if (facts.error().code == ErrorCode::kDenied) {
    findings.push_back({"firmware", Health::kNote, facts.error().what, "run this as root"});
  } else if (facts.error().code == ErrorCode::kMalformed || facts.error().code == ErrorCode::kFull) {
    findings.push_back({"firmware", Health::kWarning, facts.error().what, kBeforeStart});
  } else if (there) {
    findings.push_back({"firmware", Health::kWarning,
                        "root alone may read firmware's table: memory modules, sockets and the UUID are unknown to the service",
                        kBeforeStart});
  } else {
    findings.push_back({"firmware", Health::kNote, "this machine has no DMI table: memory modules and sockets are unknown"});
  }
}

/// May the service's user read that file?
bool readable_by_service(const Patient& patient, const std::string& path) {
  if (!patient.service) return access(("/" + path).c_str(), R_OK) == 0;
  return may_open(*patient.service, "/" + path, R_OK);
}

void check_power(const Patient& patient, Findings& findings) {
  const auto names = patient.root.list("sys/class/powercap", kMostDomains);
  std::size_t meters = 0, closed = 0;
  for (const auto& name : names ? *names : std::vector<std::string>()) {
    const std::string file = "sys/class/powercap/" + name + "/energy_uj";
    if (!name.starts_with("intel-rapl") || !patient.root.exists(file)) continue;
    ++meters;
    closed += readable_by_service(patient, file) ? 0 : 1;
  }
  if (meters == 0) return;
  if (closed == 0) {
    findings.push_back({"power", Health::kWell, std::to_string(meters) + " RAPL counters can be read by the service"});
  } else {
    findings.push_back({"power", Health::kWarning,
                        std::to_string(closed) + " of " + std::to_string(meters) +
                            " RAPL counters are not for the service: this server's power is unknown unless it has an ACPI meter",
                        "systemd-tmpfiles --create capmap-agent.conf gives them to the service's group"});
  }
}

/// "/home" and "/root" as a process has them: the root of what is mounted there, and whether that is a tmpfs; nothing where nothing is.
struct HomeMount {
  std::string root;
  bool in_memory = false;
};
std::map<std::string, HomeMount> homes_of(const HostRoot& root, const std::string& process) {
  std::map<std::string, HomeMount> homes;
  const auto text = root.read("proc/" + process + "/mountinfo", kMaxMountinfoBytes);
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    auto line = take_line(rest);
    for (int word = 0; word < 3; ++word) take_word(line);
    const auto from = take_word(line), place = take_word(line);
    if (place == "/home" || place == "/root")
      homes[std::string(place)] = {.root = std::string(from), .in_memory = line.find(" - tmpfs ") != std::string_view::npos};
  }
  return homes;
}

/// ProtectHome=yes and =tmpfs make empty file systems of homes: their disk would be missing from the figures.
void check_homes(const Patient& patient, Findings& findings) {
  const auto outside = homes_of(patient.root, "self");
  for (const auto& [place, mount] : homes_of(patient.root, patient.service ? std::to_string(patient.service->pid) : "self")) {
    const bool barred = mount.root.find("systemd/inaccessible") != std::string::npos;
    if (!barred && (!mount.in_memory || outside.contains(place))) continue;
    findings.push_back({"homes", Health::kBroken, place + " is hidden: its disk answers as an empty one, and is missing from the figures",
                        "ProtectHome=read-only in the unit"});
  }
}

void check_guests(const Patient& patient, Findings& findings) {
  if (!patient.root.exists("dev/kvm")) return;
  const auto view = view_of(patient);
  if (!view.empty() && !patient.root.exists(view + "dev/kvm")) {
    findings.push_back({"guests", Health::kWarning,
                        "/dev/kvm is hidden from the service: guests are not looked for, and counted beside this server",
                        "no PrivateDevices=yes in the unit: DevicePolicy=closed closes what it hides"});
    return;
  }
  const auto status = patient.service ? patient.root.read("proc/" + std::to_string(patient.service->pid) + "/mountinfo", kMaxMountinfoBytes)
                                      : Result<std::string>(Error{});
  const bool hides = status && status->find("hidepid=") != std::string::npos;
  findings.push_back(
      {"guests", Health::kNote,
       hides ? "KVM guests are known by tap devices alone: other users' processes are hidden from the service"
             : "KVM guests are known by tap devices and by command lines of hypervisors",
       hides ? "where a node's problems say that guests cannot be told: ProtectProc=default by systemctl edit capmap-agent" : ""});
}

}  // namespace

void check_probes(const Patient& patient, Findings& findings) {
  check_firmware(patient, findings);
  check_power(patient, findings);
  check_homes(patient, findings);
  check_guests(patient, findings);
}

}  // namespace capmap
