// What the command line says of this machine's own installation.
#include <CLI/CLI.hpp>
#include <memory>

#include "controller/ctl/cli_line.hpp"

namespace capmap {

void add_doctor(CLI::App& app, Line& line) {
  auto* doctor = add_command(app, "doctor", "what is wrong with the controller's installation on this machine, and how it is put right",
                             "  capmapctl doctor\n  capmapctl doctor --json | jq '.findings[] | select(.health == \"broken\")'\n"
                             "1 when something does not work; warnings alone are 0");
  const auto config = std::make_shared<std::string>("/etc/capmap/controller.toml");
  doctor->add_option("--config", *config, "the controller's settings")->capture_default_str();
  doctor->callback([&line, config] {
    line.offline = true;
    line.command = [&line, config](const Screen& screen) { return examine_installation(line.connection, screen, *config); };
  });
}

}  // namespace capmap
