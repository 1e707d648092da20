// What the command line says of reports on the map.
#include <CLI/CLI.hpp>
#include <memory>

#include "controller/ctl/cli_line.hpp"

namespace capmap {

void add_reports(CLI::App& app, Line& line) {
  auto* imbalance = add_command(app, "imbalance", "where capacity and its use are uneven: six views, one a name",
                                "  capmapctl imbalance owner\n"
                                "  capmapctl imbalance class --filter 'region_2 = 11'\n"
                                "  capmapctl imbalance use --csv > use.csv\n"
                                "views: owner         by class of owners\n"
                                "       class         by compute class and accelerator model\n"
                                "       use           by division\n"
                                "       scenario      by service and industry\n"
                                "       architecture  by CPU architecture and accelerator vendor\n"
                                "       security      by level of classified protection");
  const auto question = std::make_shared<ImbalanceQuestion>();
  imbalance->add_option("VIEW", question->name, "owner, class, use, scenario, architecture or security")
      ->required()
      ->check(CLI::IsMember({"owner", "class", "use", "scenario", "architecture", "security"}));
  imbalance->add_option("--filter", question->filter, "only what fulfils a condition, as of map; see capmapctl(1)");
  imbalance->add_flag("--csv", question->csv, "a table for spreadsheets instead (RFC 4180)");
  imbalance->callback([&line, question] {
    if (question->csv && line.json) throw CLI::ValidationError("--csv", "is one form, --json another");
    line.command = [&line, question](const Screen& screen) { return show_imbalance(line.connection, screen, *question); };
  });
}

void add_resolve(CLI::App& app, Line& line) {
  auto* resolve = add_command(app, "resolve", "what an id names: node, site, pool, controller, kind of hardware",
                              "  capmapctl resolve n-abcdefghijklmnopqrstuvwxya\n  capmapctl resolve h-abcdefghijklmnopqrstuvwxya --json");
  const auto id = std::make_shared<std::string>();
  resolve->add_option("ID", *id, "n-…, s-…, p-…, c-… or h-… and 26 characters")->required();
  resolve->callback([&line, id] { line.command = [&line, id](const Screen& screen) { return resolve_id(line.connection, screen, *id); }; });
}

}  // namespace capmap
