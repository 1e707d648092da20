// What the command line says of watching nodes.
#include <CLI/CLI.hpp>
#include <memory>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/nodes_watch.hpp"

namespace capmap {

void add_nodes_watch(CLI::App& nodes, Line& line) {
  auto* command = add_command(nodes, "watch", "what becomes of nodes as it happens: states and use; lines, on a terminal a table",
                              "  capmapctl nodes watch gpu-17\n"
                              "  capmapctl nodes watch --site beijing-1\n"
                              "  capmapctl nodes watch --filter 'accelerators > 0' --json | jq -c .");
  const auto watch = std::make_shared<NodesWatch>();
  command->add_option("NODE", watch->node, "n-… id, or a host name that one node alone has; default: all of the filter");
  command->add_option("--every", watch->every_s, "seconds from one look at their use to the next, at least")
      ->check(CLI::Range(1, 3'600))
      ->capture_default_str();
  command->callback([&line, watch] {
    refuse_endless_output(line, true);
    line.command = [&line, watch](const Screen& screen) {
      watch->filter = line.filter;
      return watch_nodes(line.connection, screen, *watch);
    };
  });
}

}  // namespace capmap
