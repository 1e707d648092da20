// What the command line says of regions.
#include <CLI/CLI.hpp>
#include <memory>

#include "common/region_list.hpp"
#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/region_import.hpp"

namespace capmap {

void add_regions(CLI::App& app, Line& line) {
  auto* regions = add_command(app, "regions", "the tree of regions, and what stands in them",
                              "  capmapctl regions\n  capmapctl regions --all --json\n  capmapctl regions import areas.csv --year 2024");
  regions->add_flag("--all", line.all, "those below divisions too where nothing stands");
  auto* import = add_command(*regions, "import", "put a list of codes and names in force, as a whole",
                             "  capmapctl regions import cities.csv areas.csv --year 2024 --dry-run\n"
                             "  capmapctl regions import cities.csv areas.csv --year 2024 --yes");
  const auto request = std::make_shared<RegionImportRequest>();
  import->add_option("FILE", request->files, "CSV with a header and the columns code and name (and parent, where there is one)")
      ->required();
  import->add_option("--year", request->year, "of the list")->required()->check(CLI::Range(kFirstListYear, kLastListYear));
  import->add_flag("-y,--yes", request->yes, "do not ask");
  import->add_flag("--dry-run", request->dry_run, "only show what would change");
  regions->callback([&line, import, request] {
    line.command = [&line, importing = import->parsed(), request](const Screen& screen) {
      return importing ? import_regions(line.connection, screen, *request) : list_regions(line.connection, screen, line.all);
    };
  });
}

}  // namespace capmap
