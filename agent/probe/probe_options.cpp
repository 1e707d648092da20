#include "agent/probe/probe_options.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

namespace capmap {

std::optional<ProbeOptions> parse_probe_options(const std::string& command, const std::vector<std::string>& arguments, int& exit_code) {
  const bool prints = command == "probe";
  ProbeOptions options;
  CLI::App app(prints ? "Prints what this machine is: processors, memory, accelerators, disks, network, peaks."
                      : "Writes this machine's facts and shape for the agent to stdout, as binary frames.",
               "capmap-probe " + command);
  auto* root = app.add_option("--root", options.source.root, "folder of a captured machine with proc/ and sys/ below it")
                   ->check(CLI::ExistingDirectory);
  app.add_option("--catalog", options.catalog, "folder of the chip table (default: $CAPMAP_CATALOG, then where it is installed)");
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
  return options;
}

}  // namespace capmap
