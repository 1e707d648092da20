// `guests`: what the virtual machines on this server are known by, for the agent and for people.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "agent/guest_lines.hpp"
#include "agent/probe/commands.hpp"
#include "agent/probe/guest_names.hpp"

namespace capmap {

int run_guests_command(const std::vector<std::string>& arguments) {
  std::string root = "/";
  CLI::App app("Prints what the virtual machines on this server are known by, as lines: UUIDs and addresses of their ports.",
               "capmap-probe guests");
  app.add_option("--root", root, "folder whose proc and sys are read")->check(CLI::ExistingDirectory);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
  }
  auto names = read_guest_names(HostRoot(root));
  const GuestLines lines{.uuids = {names.uuids.begin(), names.uuids.end()},
                         .addresses = {names.addresses.begin(), names.addresses.end()},
                         .problems = std::move(names.problems)};
  return std::fputs(write_guest_lines(lines).c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
}

}  // namespace capmap
