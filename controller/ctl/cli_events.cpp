// What the command line says of watching.
#include <CLI/CLI.hpp>
#include <memory>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/events.hpp"

namespace capmap {

void add_events(CLI::App& app, Line& line) {
  auto* events = add_command(app, "events", "what has happened lately, and with --follow what happens",
                             "  capmapctl events\n"
                             "  capmapctl events --follow --kind node.lost,node.back,alert\n"
                             "  capmapctl events -f --site beijing-1 --json | jq -c .\n"
                             "kinds: node.joined, left, moved, changed, service, verdict, stale, lost, back; clone.found, settled;\n"
                             "       double.found, settled, gone; site.added, changed; pool.added, changed; alert.firing, resolved;\n"
                             "       map.totals; the word before the dot means all of them");
  auto request = std::make_shared<EventsRequest>();
  events->add_flag("-f,--follow", request->follow, "go on until interrupted; a connection that breaks is made anew, gaps are said");
  events->add_option("--kind", request->kinds, "only these kinds, comma between");
  events->add_option("--site", request->site, "only at the site of this name or id");
  events->add_option("--region", request->region, "only at sites whose region's code begins so");
  events->add_option("--since", request->since, "what came after the event of this id; oldest: all that is kept");
  events->callback([&line, request] {
    refuse_endless_output(line, request->follow);
    line.command = [&line, request](const Screen& screen) { return show_events(line.connection, screen, *request); };
  });
}

}  // namespace capmap
