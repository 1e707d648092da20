#pragma once
#include <string>

#include "controller/ctl/commands.hpp"

namespace capmap {

/// How a list is printed: --csv, and --json of the screen.
struct ChipList {
  std::string part;       ///< cpu, gpu, npu, fpga or other; empty: all
  bool standing = false;  ///< only what stands on the map
  bool csv = false;
};

/// `chips list`: the chip table in force, and how many of each stand on the map.
Result<Done> list_chips(const ApiConnection& connection, const Screen& screen, const ChipList& list);
/// `chips unrated`: what stands on the map without a peak, most nodes first, and what would give it one.
Result<Done> list_unrated_chips(const ApiConnection& connection, const Screen& screen, bool csv);

/// `chips add`: an operator's own rows, shown first, then in force.
struct ChipRows {
  std::string file;   ///< CSV with the titles of one of the catalog's files
  std::string table;  ///< cpus, cpu_skus, accelerators or pci_names; empty: by the titles
  bool replace = false, dry_run = false, yes = false;
};
Result<Done> add_chips(const ApiConnection& connection, const Screen& screen, const ChipRows& rows);
/// `chips own`: those rows as a file that add takes back; `table` empty: which tables have how many.
Result<Done> print_own_chips(const ApiConnection& connection, const Screen& screen, const std::string& table);
/// `chips reload`: what lies in the catalog's folder is read anew.
Result<Done> reload_chips(const ApiConnection& connection, const Screen& screen, bool dry_run);

/// Answers of the API as tables. Pure.
std::string chips_text(const ApiJson& answer, bool terminal);
std::string unrated_chips_text(const ApiJson& answer, bool terminal);
std::string chip_changes_text(const ApiJson& answer);
/// Which file of the catalog has these titles; empty: none.
std::string chip_table_of(const std::string& csv);

}  // namespace capmap
