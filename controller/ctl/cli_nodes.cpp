// What the command line says of nodes.
#include <CLI/CLI.hpp>
#include <array>
#include <initializer_list>
#include <string_view>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/nodes_watch.hpp"

namespace capmap {

void add_nodes(CLI::App& app, Line& line) {
  auto* nodes = add_command(app, "nodes", "list nodes, or show one",
                            "  capmapctl nodes\n"
                            "  capmapctl nodes --site beijing-1 --liveness lost\n"
                            "  capmapctl nodes --filter 'accelerators > 0 and label.rack = \"r12\"'\n"
                            "  capmapctl nodes show gpu-17");
  nodes->add_option("--site", line.filter.site, "only nodes of this site: name or s-… id");
  nodes->add_option("--liveness", line.filter.liveness, "only these: resyncing, fresh, stale, lost")
      ->check(CLI::IsMember({"resyncing", "fresh", "stale", "lost"}));
  nodes->add_option("--filter", line.filter.filter, "only what fulfils a condition, as of map; see capmapctl(1)");
  nodes->add_option("--limit", line.filter.limit, "most nodes to list")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  auto* show = add_command(*nodes, "show", "all that is known of one node",
                           "  capmapctl nodes show gpu-17\n  capmapctl nodes show n-abcdefghijklmnopqrstuvwxya --json");
  show->add_option("NODE", line.node, "n-… id, or a host name that one node alone has")->required();
  auto* benchmark = add_command(*nodes, "benchmark", "ask a node to measure itself, and wait for what comes; its owner must allow that",
                                "  capmapctl nodes benchmark gpu-17 --seconds 10");
  benchmark->add_option("NODE", line.node, "n-… id, or a host name that one node alone has")->required();
  benchmark->add_option("--seconds", line.benchmark_seconds, "for each of the four tests")
      ->check(CLI::Range(1, 3'600))
      ->capture_default_str();
  const auto name_node = [&line](CLI::App& command) {
    command.add_option("NODE", line.node, "n-… id, or a host name that one node alone has")->required();
  };
  for (const auto& [name, state, what] : std::initializer_list<std::array<const char*, 3>>{
           {"drain", "draining", "take no new work on a node"},
           {"undrain", "in_service", "put a node back into service"},
           {"maintenance", "maintenance", "a node is worked on, for a time or until undrain"},
           {"quarantine", "quarantined", "a node is not to be trusted: it leaves all totals"},
           {"retire", "retired", "a node has served its time: it leaves all totals, and is still shown"}}) {
    auto* order = add_command(*nodes, name, what, std::string("  capmapctl nodes ") + name + " gpu-17");
    name_node(*order);
    if (std::string_view(name) != "undrain") {
      order->add_option("--reason", line.service.reason, "why, for people");
      order->add_option("--from", line.service.from, "from when on, as 2026-11-22T21:00:00Z; default: now");
      order->add_option("--until", line.service.until, "until when; default: until told otherwise");
    }
    order->callback([&line, word = state] { line.service.state = word; });
  }
  auto* remove = add_command(*nodes, "remove", "forget a node for good; its key is refused from then on",
                             "  capmapctl nodes remove gpu-17\n  capmapctl nodes remove gpu-17 --yes");
  name_node(*remove);
  remove->add_flag("-y,--yes", line.yes, "do not ask");
  auto* absent =
      add_command(*nodes, "absent", "nodes that were let in and are lost or never came, and what sites declare and nobody has met",
                  "  capmapctl nodes absent\n  capmapctl nodes absent --site beijing-1");
  add_pending(*nodes, line);
  add_nodes_watch(*nodes, line);
  nodes->callback([&line, benchmark, remove, absent] {
    if (line.command) return;  // one of those about who waits
    if (absent->parsed() && !line.filter.liveness.empty()) {
      throw CLI::ValidationError("--liveness", "absent nodes are lost, or have never come");
    }
    if (line.command) return;  // a subcommand of another file's
    line.command = [&line, asked = benchmark->parsed(), removed = remove->parsed(), missing = absent->parsed()](const Screen& screen) {
      if (missing) return list_absent(line.connection, screen, line.filter);
      if (removed) return remove_node(line.connection, screen, line.node, line.yes);
      if (!line.service.state.empty()) return order_service(line.connection, screen, line.node, line.service);
      if (asked) return benchmark_node(line.connection, screen, line.node, line.benchmark_seconds);
      return line.node.empty() ? list_nodes(line.connection, screen, line.filter) : show_node(line.connection, screen, line.node);
    };
  });
}

}  // namespace capmap
