#pragma once
#include <string>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/foreign.hpp"
#include "controller/store/columns.hpp"

namespace capmap {

/// Commands about sites and what is known beside them: owners, trunk links, files of all of these.
struct ImportOptions {
  std::string file;
  RecordKind kind = RecordKind::kSites;  ///< of a CSV file; TOML says it itself
  bool dry_run = false, yes = false, allow_move = false;
  ForeignOptions foreign{};  ///< of another program's inventory, where foreign.from is not empty
};
/// `sites import`: shows what a file would change, asks, and does it: all of it or nothing.
Result<Done> import_records(const ApiConnection& connection, const Screen& screen, const ImportOptions& options);
/// `sites export`: CSV that import_records takes back and then changes nothing.
Result<Done> export_records(const ApiConnection& connection, const Screen& screen, RecordKind kind);
/// `sites show`: all that is declared of one, by name or s-… id; `exact`: coordinates too, which needs the admin token.
Result<Done> show_site(const ApiConnection& connection, const Screen& screen, const std::string& name_or_id, bool exact);
Result<Done> list_owners(const ApiConnection& connection, const Screen& screen);
Result<Done> list_links(const ApiConnection& connection, const Screen& screen);

/// Answers of the API as text. Pure.
std::string owners_text(const ApiJson& answer, const TableLook& look);
std::string links_text(const ApiJson& answer, const TableLook& look);
/// One of the answer's sites; empty where it is not among them.
std::string site_text(const ApiJson& answer, const std::string& name_or_id);
/// Answers of the API as CSV; pools and links by the names of their sites.
std::string records_csv(RecordKind kind, const ApiJson& answer, const ApiJson& sites);

}  // namespace capmap
