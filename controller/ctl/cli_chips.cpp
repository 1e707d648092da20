// What the command line says of the chip table and of kinds of hardware.
#include <CLI/CLI.hpp>
#include <memory>

#include "controller/ctl/chips.hpp"
#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/hardware.hpp"

namespace capmap {
namespace {

void add_chip_lists(CLI::App& chips, Line& line) {
  auto* list = add_command(chips, "list", "the chip table in force, and how many of each row stand on the map",
                           "  capmapctl chips list --standing\n  capmapctl chips list --part gpu --csv > gpus.csv");
  const auto options = std::make_shared<ChipList>();
  list->add_option("--part", options->part, "cpu, gpu, npu, fpga or other")->check(CLI::IsMember({"cpu", "gpu", "npu", "fpga", "other"}));
  list->add_flag("--standing", options->standing, "only what stands on the map");
  list->add_flag("--csv", options->csv, "a table for spreadsheets instead (RFC 4180)");
  list->callback([&line, options] {
    if (options->csv && line.json) throw CLI::ValidationError("--csv", "is one form, --json another");
    line.command = [&line, options](const Screen& screen) { return list_chips(line.connection, screen, *options); };
  });
  auto* unrated = add_command(chips, "unrated", "what stands on the map without a peak: what was seen, where, why, and what would rate it",
                              "  capmapctl chips unrated\n  capmapctl chips unrated --csv");
  const auto csv = std::make_shared<bool>(false);
  unrated->add_flag("--csv", *csv, "a table for spreadsheets instead (RFC 4180)");
  unrated->callback([&line, csv] {
    if (*csv && line.json) throw CLI::ValidationError("--csv", "is one form, --json another");
    line.command = [&line, csv](const Screen& screen) { return list_unrated_chips(line.connection, screen, *csv); };
  });
}

void add_chip_rows(CLI::App& chips, Line& line) {
  auto* add = add_command(chips, "add", "lay rows of your own over the catalog: shown first, in force at once, history re-stated by either",
                          "  capmapctl chips add our-cards.csv --dry-run\n  capmapctl chips add our-cards.csv --yes\n"
                          "  capmapctl chips add rest.csv --table accelerators --replace");
  const auto rows = std::make_shared<ChipRows>();
  add->add_option("FILE", rows->file, "CSV with the titles of one of the catalog's files; each row with its source")->required();
  add->add_option("--table", rows->table, "cpus, cpu_skus, accelerators or pci_names; default: by the titles")
      ->check(CLI::IsMember({"cpus", "cpu_skus", "accelerators", "pci_names"}));
  add->add_flag("--replace", rows->replace, "these are all your rows of that table: others of yours leave it; titles alone: none are left");
  add->add_flag("--dry-run", rows->dry_run, "show what would change, and end");
  add->add_flag("-y,--yes", rows->yes, "do not ask");
  add->callback(
      [&line, rows] { line.command = [&line, rows](const Screen& screen) { return add_chips(line.connection, screen, *rows); }; });
  auto* own = add_command(chips, "own", "your own rows: how many of which table, or one table as a file that add takes back",
                          "  capmapctl chips own\n  capmapctl chips own accelerators > ours.csv");
  const auto table = std::make_shared<std::string>();
  own->add_option("TABLE", *table, "cpus, cpu_skus, accelerators or pci_names")
      ->check(CLI::IsMember({"cpus", "cpu_skus", "accelerators", "pci_names"}));
  own->callback(
      [&line, table] { line.command = [&line, table](const Screen& screen) { return print_own_chips(line.connection, screen, *table); }; });
  auto* reload = add_command(chips, "reload", "read the catalog's folder anew: a newer edition is in force without a restart",
                             "  capmapctl chips reload --dry-run\n  capmapctl chips reload");
  const auto dry_run = std::make_shared<bool>(false);
  reload->add_flag("--dry-run", *dry_run, "show what would change, and end");
  reload->callback([&line, dry_run] {
    line.command = [&line, dry_run](const Screen& screen) { return reload_chips(line.connection, screen, *dry_run); };
  });
}

}  // namespace

void add_chip_commands(CLI::App& app, Line& line) {
  auto* chips = add_command(app, "chips", "the chip table: peaks by chip and precision, what is unrated, rows of your own",
                            "  capmapctl chips unrated\n  capmapctl chips list --standing\n  capmapctl chips add our-cards.csv");
  chips->require_subcommand(1);
  add_chip_lists(*chips, line);
  add_chip_rows(*chips, line);
  auto* hardware = add_command(app, "hardware", "kinds of servers on the map: what each holds, and how many stand where",
                               "  capmapctl hardware\n  capmapctl hardware --filter 'accelerators >= 8' --csv");
  const auto question = std::make_shared<HardwareQuestion>();
  hardware->add_option("--filter", question->filter, "only what fulfils a condition on cells, as of map; see capmapctl(1)");
  hardware->add_option("--limit", question->limit, "most kinds to list")->check(CLI::Range(1, 100'000))->capture_default_str();
  hardware->add_flag("--csv", question->csv, "a table for spreadsheets instead (RFC 4180)");
  hardware->callback([&line, question] {
    if (question->csv && line.json) throw CLI::ValidationError("--csv", "is one form, --json another");
    line.command = [&line, question](const Screen& screen) { return list_hardware(line.connection, screen, *question); };
  });
}

}  // namespace capmap
