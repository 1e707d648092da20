#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "agent/probe/commands.hpp"

namespace {

constexpr const char* kUsage =
    "usage: capmap-probe COMMAND [OPTIONS]\n"
    "\n"
    "  probe      print what this machine is\n"
    "  shape      write its facts and shape for the agent, as binary frames\n"
    "  devices    print what drivers say of the accelerators, or sample it for the agent\n"
    "  mounts     print the sizes of network file systems, or sample them for the agent\n"
    "  guests     print what the virtual machines on this server are known by\n"
    "  release-accelerators  ask the agent to let go of their drivers for a while\n"
    "  settings   check the agent's configuration and print it\n"
    "  privileged read what root alone may, for the agent; its service does that before each start\n"
    "  doctor     say what is wrong with this installation, and how it is put right\n"
    "  capture    pack what the probes read of this machine into an archive\n"
    "  benchmark  measure processors, memory and a disk\n"
    "  join       let this server join the controller named in a token\n"
    "\n"
    "  --help, --version; each command knows --help too\n";

}  // namespace

int main(int count, char** words) {
  const std::string_view command = count > 1 ? words[1] : "";
  const std::vector<std::string> arguments(words + (count > 1 ? 2 : 1), words + count);
  if (command == "probe") return capmap::run_probe_command(arguments);
  if (command == "shape") return capmap::run_shape_command(arguments, CAPMAP_VERSION);
  if (command == "devices") return capmap::run_devices_command(arguments);
  if (command == "mounts") return capmap::run_mounts_command(arguments);
  if (command == "release-accelerators") return capmap::run_release_command(arguments);
  if (command == "guests") return capmap::run_guests_command(arguments);
  if (command == "settings") return capmap::run_settings_command(arguments);
  if (command == "privileged") return capmap::run_privileged_command(arguments);
  if (command == "doctor") return capmap::run_doctor_command(arguments);
  if (command == "capture") return capmap::run_capture_command(arguments);
  if (command == "benchmark") return capmap::run_benchmark_command(arguments);
  if (command == "join") return capmap::run_join_command(arguments);
  if (command == "--version") return std::printf("capmap-probe %s\n", CAPMAP_VERSION) < 0 ? 1 : 0;
  if (command == "--help" || command == "-h") return std::fputs(kUsage, stdout) < 0 ? 1 : 0;
  if (count > 1) std::fprintf(stderr, "capmap-probe: there is no command \"%s\"\n", words[1]);
  std::fputs(kUsage, stderr);
  return 2;
}
