// What the command line says of files of sites, and of what is known beside sites.
#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/places.hpp"
#include "controller/ctl/site_edit.hpp"

namespace capmap {
namespace {

std::map<std::string, RecordKind> kinds() {
  std::map<std::string, RecordKind> all;
  for (std::size_t i = 0; i < kRecordKindNames.size(); ++i) all[kRecordKindNames[i]] = static_cast<RecordKind>(i);
  return all;
}

void add_kind(CLI::App& command, RecordKind& kind) {
  command.add_option("--kind", kind, "sites (default), pools, owners, links: what a CSV file is of")
      ->transform(CLI::CheckedTransformer(kinds()))
      ->option_text("KIND");
}

void add_files(CLI::App& sites, Line& line) {
  auto* from_file = add_command(sites, "import", "add and change sites, pools, owners and links by a file: all of it or nothing",
                                "  capmapctl sites import owners.csv --kind owners\n"
                                "  capmapctl sites import sites.csv --dry-run\n"
                                "  capmapctl sites import country.toml --yes\n"
                                "  capmapctl sites import --from slurm nodes.txt --site beijing-1");
  const auto options = std::make_shared<ImportOptions>();
  from_file->add_option("FILE", options->file, "CSV with a header row, or FILE.toml with [[site]], [[pool]], [[owner]], [[link]]")
      ->required();
  add_kind(*from_file, options->kind);
  from_file->add_option("--from", options->foreign.from, "another program's inventory: netbox, glpi, slurm or kubernetes; see capmapctl(1)")
      ->check(CLI::IsMember({"netbox", "glpi", "slurm", "kubernetes"}));
  from_file->add_option("--site", options->foreign.site, "with --from: where all of it stands; default: as the inventory says");
  from_file
      ->add_option("--role", options->foreign.roles, "with --from: roles or types that are servers (default: server); may be said again")
      ->allow_extra_args(false);
  from_file->add_flag("--dry-run", options->dry_run, "show what would change, and end");
  from_file->add_flag("-y,--yes", options->yes, "do not ask");
  from_file->add_flag("--allow-move", options->allow_move, "sites may come to another division");
  from_file->callback([&line, options] {
    if (options->foreign.from.empty() && (!options->foreign.site.empty() || !options->foreign.roles.empty())) {
      throw CLI::ValidationError("--site, --role", "are of --from");
    }
    line.command = [&line, options](const Screen& screen) { return import_records(line.connection, screen, *options); };
  });
  auto* to_csv = add_command(sites, "export", "print them as CSV that import takes back; sites need the admin token",
                             "  capmapctl sites export > sites.csv\n  capmapctl sites export --kind pools > pools.csv");
  const auto kind = std::make_shared<RecordKind>(RecordKind::kSites);
  add_kind(*to_csv, *kind);
  to_csv->callback(
      [&line, kind] { line.command = [&line, kind](const Screen& screen) { return export_records(line.connection, screen, *kind); }; });
}

}  // namespace

void add_places(CLI::App& app, Line& line) {
  CLI::App& sites = *app.get_subcommand("sites");
  add_files(sites, line);
  add_site_edit(sites, line);
  auto* show =
      add_command(sites, "show", "all that is declared of one site", "  capmapctl sites show lab\n  capmapctl sites show lab --exact");
  const auto site = std::make_shared<std::string>();
  const auto exact = std::make_shared<bool>(false);
  show->add_option("SITE", *site, "name or s-… id")->required();
  show->add_flag("--exact", *exact, "coordinates as declared, not to a tenth of a degree; needs the admin token");
  show->callback([&line, site, exact] {
    line.command = [&line, site, exact](const Screen& screen) { return show_site(line.connection, screen, *site, *exact); };
  });
  add_command(app, "owners", "organisations that own sites", "  capmapctl owners")->callback([&line] {
    line.command = [&line](const Screen& screen) { return list_owners(line.connection, screen); };
  });
  add_command(app, "links", "trunk links between sites", "  capmapctl links\n  capmapctl links --json")->callback([&line] {
    line.command = [&line](const Screen& screen) { return list_links(line.connection, screen); };
  });
}

}  // namespace capmap
