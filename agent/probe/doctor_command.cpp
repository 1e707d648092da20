// `doctor`: what is wrong with this installation of an agent, and how it is put right.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "agent/probe/commands.hpp"
#include "agent/probe/doctor.hpp"
#include "agent/probe/settings_sources.hpp"

namespace capmap {
namespace {

constexpr const char* kHelp =
    "usage: capmap-agent doctor [--json] [--config FILE] [flags of the service]\n\n"
    "Says what is wrong with this installation and how it is put right: state folder, keys, the way to the controller,\n"
    "clock, limits that hold for the service, its sandbox, what probes lose in it, libraries and nodes of accelerators.\n"
    "It changes nothing. As root it sees most.\n\n"
    "exit codes: 0 all works, warnings or none, 1 something does not work, 2 wrong use\n";

Findings examine(const Patient& patient) {
  Findings findings;
  check_state(patient, findings);
  check_link(patient, findings);
  findings.push_back(check_clock());
  check_service(patient, findings);
  check_probes(patient, findings);
  check_vendors(patient, findings);
  const bool controller_here = find_service(patient.root, "capmap-controller", "capmap-controller.service").has_value();
  if (controller_here) findings.push_back(check_somaxconn(patient.root));
  return findings;
}

}  // namespace

int run_doctor_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> flags;
  bool json = false;
  for (const auto& argument : arguments) {
    if (argument == "--help" || argument == "-h") return std::fputs(kHelp, stdout) < 0 ? 1 : 0;
    if (argument == "--json") {
      json = true;
    } else {
      flags.push_back(argument);
    }
  }
  const HostRoot root("/");
  Findings findings;
  const auto settings = read_agent_settings(flags, true);
  if (!settings) {
    // What the command line says wrongly is wrong use; what a file says wrongly is what this is for.
    if (settings.error().what.find("capmap-agent --help") != std::string::npos) {
      std::fprintf(stderr, "capmap-agent: %s\n", settings.error().what.c_str());
      return 2;
    }
    findings = {{"settings", Health::kBroken, settings.error().what, "capmap-agent --print-config shows each setting and its place"}};
  } else {
    findings = examine({.settings = *settings, .root = root, .service = find_service(root, "capmap-agent", kAgentUnit)});
  }
  const auto text = json ? findings_json(findings) : findings_text(findings);
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) return 1;
  return doctor_exit(findings);
}

}  // namespace capmap
