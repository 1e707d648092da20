// What the command line says of identity and of what is believed.
#include <CLI/CLI.hpp>
#include <memory>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/clones.hpp"
#include "controller/ctl/contradictions.hpp"
#include "controller/ctl/doubles.hpp"

namespace capmap {
namespace {

void add_clones(CLI::App& nodes, Line& line) {
  auto* clones = add_command(nodes, "clones", "nodes whose key spoke from two places: they are in no total until that is settled",
                             "  capmapctl nodes clones");
  auto* settle = add_command(*clones, "settle", "say which run is the node, or refuse the key",
                             "  capmapctl nodes clones settle gpu-17 --keep 0123456789abcdef\n"
                             "  capmapctl nodes clones settle gpu-17 --revoke");
  const auto settlement = std::make_shared<CloneSettlement>();
  settle->add_option("NODE", settlement->node, "n-… id, or a host name that one node alone has")->required();
  auto* keep = settle->add_option("--keep", settlement->keep, "the run that is the node; the others are refused from then on");
  auto* revoke = settle->add_flag("--revoke", settlement->revoke, "refuse the key: both machines join anew");
  keep->excludes(revoke);
  clones->callback([&line, settle, settlement] {
    if (settle->parsed() && settlement->keep.empty() && !settlement->revoke) {
      throw CLI::ValidationError("--keep", "or --revoke is needed: which run is the node");
    }
    line.command = [&line, settling = settle->parsed(), settlement](const Screen& screen) {
      return settling ? settle_clone(line.connection, screen, *settlement) : list_clones(line.connection, screen);
    };
  });
}

void add_settlement(CLI::App& doubles, Line& line, bool same) {
  auto* settle = same ? add_command(doubles, "confirm", "say that a node is another one under another key: from then on it is in no total",
                                    "  capmapctl nodes doubles confirm n-old… --same-as n-new…")
                      : add_command(doubles, "dismiss", "say that two nodes are two machines: both count, and are suspected no more",
                                    "  capmapctl nodes doubles dismiss gpu-17 gpu-18");
  const auto settlement = std::make_shared<DoubleSettlement>(DoubleSettlement{.node = {}, .other = {}, .same = same});
  settle->add_option("NODE", settlement->node, "n-… id, or a host name that one node alone has")->required();
  settle
      ->add_option(same ? "--same-as" : "OTHER", settlement->other,
                   same ? "the node it is: it goes on counting" : "the other one, likewise")
      ->required();
  settle->callback([&line, settlement] {
    line.command = [&line, settlement](const Screen& screen) { return settle_double(line.connection, screen, *settlement); };
  });
}

void add_doubles(CLI::App& nodes, Line& line) {
  auto* doubles = add_command(nodes, "doubles", "nodes that say they run on one machine: it may be counted twice",
                              "  capmapctl nodes doubles\n  capmapctl nodes doubles --csv > doubles.csv");
  const auto csv = std::make_shared<bool>(false);
  doubles->add_flag("--csv", *csv, "a line a pair, for spreadsheets (RFC 4180)");
  doubles->callback([&line, doubles, csv] {
    if (!doubles->get_subcommands().empty()) return;
    if (*csv && line.json) throw CLI::ValidationError("--csv", "is one form, --json another");
    line.command = [&line, csv](const Screen& screen) { return list_doubles(line.connection, screen, *csv); };
  });
  add_settlement(*doubles, line, true);
  add_settlement(*doubles, line, false);
}

/// Under both of its names.
void add_contradictions(CLI::App& above, const std::string& call, Line& line) {
  auto* contradictions = add_command(above, "contradictions", "nodes that cannot be what they say: why, what they claim, what is plausible",
                                     "  " + call + "\n  " + call + " --site beijing-1\n  " + call + " --csv > contradictions.csv");
  const auto filter = std::make_shared<ContradictionFilter>();
  contradictions->add_option("--site", filter->site, "only nodes of this site: name or s-… id");
  contradictions->add_option("--filter", filter->filter, "only what fulfils a condition, as of map; see capmapctl(1)");
  contradictions->add_flag("--csv", filter->csv, "a line a finding, for spreadsheets (RFC 4180)");
  contradictions->callback([&line, filter] {
    if (filter->csv && line.json) throw CLI::ValidationError("--csv", "is one form, --json another");
    line.command = [&line, filter](const Screen& screen) { return list_contradictions(line.connection, screen, *filter); };
  });
}

}  // namespace

void add_believing(CLI::App& app, Line& line) {
  add_clones(*app.get_subcommand("nodes"), line);
  add_doubles(*app.get_subcommand("nodes"), line);
  add_contradictions(app, "capmapctl contradictions", line);
  add_contradictions(*app.get_subcommand("audit"), "capmapctl audit contradictions", line);
}

}  // namespace capmap
