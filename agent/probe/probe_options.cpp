#include "agent/probe/probe_options.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "agent/known_devices.hpp"
#include "agent/privileged_facts.hpp"
#include "agent/settings.hpp"

namespace capmap {

std::string known_or_default(const std::string& named, const std::string& root) {
  if (!named.empty() || root != "/") return named;
  const std::string agents = known_devices_path(AgentSettings{}.state);
  return ::access(agents.c_str(), R_OK) == 0 ? agents : std::string();
}

std::optional<ProbeOptions> parse_probe_options(const std::string& command, const std::vector<std::string>& arguments, int& exit_code) {
  const bool prints = command == "probe";
  ProbeOptions options;
  CLI::App app(prints ? "Prints what this machine is: processors, memory, accelerators, disks, network, peaks."
                      : "Writes this machine's facts and shape for the agent to stdout, as binary frames.",
               "capmap-probe " + command);
  auto* root = app.add_option("--root", options.source.root, "folder of a captured machine with proc/ and sys/ below it")
                   ->check(CLI::ExistingDirectory);
  app.add_option("--catalog", options.catalog, "folder of the chip table (default: $CAPMAP_CATALOG, then where it is installed)");
  app.add_option("--privileged", options.source.privileged, "file of what root read of this machine; capmap-probe privileged makes it");
  app.add_option("--known", options.source.known_devices, "file of what drivers last said of accelerators; the agent keeps it");
  if (prints) {
    options.source.ask_drivers = true;
    app.add_option("--nvml", options.source.nvml, "library to load as NVIDIA's management library");
    app.add_option("--dcmi", options.source.dcmi, "library to load as Huawei's card management interface");
    app.add_option("--rocm-smi", options.source.rocm_smi, "library to load as AMD's ROCm System Management Interface");
    app.add_flag("--json", options.json, "print JSON instead of text");
    app.add_option("--hwloc-xml", options.source.hwloc_xml, "read an hwloc topology file instead of a machine")
        ->check(CLI::ExistingFile)
        ->excludes(root);
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    return std::nullopt;
  }
  const bool machine = prints && options.source.hwloc_xml.empty();
  if (machine) options.source.known_devices = known_or_default(options.source.known_devices, options.source.root);
  if (machine && options.source.privileged.empty() && options.source.root == "/") {
    const std::string agents = privileged_path(AgentSettings{}.state);
    if (::access(agents.c_str(), R_OK) == 0) options.source.privileged = agents;
  }
  return options;
}

}  // namespace capmap
