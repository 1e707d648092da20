// What the command line says of reports on the map.
#include <CLI/CLI.hpp>
#include <memory>

#include "controller/ctl/bulletin.hpp"
#include "controller/ctl/cli_line.hpp"

namespace capmap {
namespace {

void add_bulletin(CLI::App& app, Line& line) {
  auto* bulletin = add_command(app, "bulletin", "the national report: what the map holds beside what others have published",
                               "  capmapctl bulletin national\n  capmapctl bulletin national --html --to bulletin.html");
  bulletin->require_subcommand(1);
  auto* national = add_command(*bulletin, "national", "all that this controller knows of, at one moment, with what it leaves out",
                               "  capmapctl bulletin national\n"
                               "  capmapctl bulletin national --lang zh --pdf bulletin.pdf\n"
                               "  capmapctl bulletin national --csv > bulletin.csv");
  const auto question = std::make_shared<BulletinQuestion>();
  auto* const forms = national->add_option_group("form", "one of");
  const auto form = [forms, question](const char* flag, const char* format, const char* what) {
    forms->add_flag_callback(
        flag, [question, format] { question->format = format; }, what);
  };
  form("--md", "md", "Markdown, as without a flag");
  form("--html", "html", "a page with charts, that prints on A4");
  form("--csv", "csv", "a table for spreadsheets instead (RFC 4180)");
  forms->add_option("--pdf", question->pdf, "print the page into this file, by an installed chromium");
  forms->require_option(0, 1);
  national->add_option("--lang", question->language, "en or zh; else the locale's")->check(CLI::IsMember({"en", "zh"}));
  national->add_option("--to", question->to, "into this file instead of the screen");
  national->callback([&line, question] {
    if (line.json && (question->format != "md" || !question->pdf.empty()))
      throw CLI::ValidationError("--json", "is one form, this another");
    if (!question->pdf.empty() && !question->to.empty()) throw CLI::ValidationError("--to", "--pdf names its file itself");
    line.command = [&line, question](const Screen& screen) { return show_bulletin(line.connection, screen, *question); };
  });
}

}  // namespace

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
  add_bulletin(app, line);
}

void add_resolve(CLI::App& app, Line& line) {
  auto* resolve = add_command(app, "resolve", "what an id names: node, site, pool, controller, kind of hardware",
                              "  capmapctl resolve n-abcdefghijklmnopqrstuvwxya\n  capmapctl resolve h-abcdefghijklmnopqrstuvwxya --json");
  const auto id = std::make_shared<std::string>();
  resolve->add_option("ID", *id, "n-…, s-…, p-…, c-… or h-… and 26 characters")->required();
  resolve->callback([&line, id] { line.command = [&line, id](const Screen& screen) { return resolve_id(line.connection, screen, *id); }; });
}

}  // namespace capmap
