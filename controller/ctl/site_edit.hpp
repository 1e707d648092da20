#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controller/ctl/commands.hpp"

namespace CLI {
class App;
}

namespace capmap {

struct Line;

/// Columns of a site and their texts, as files of sites have them; an empty text withdraws what was declared.
using SiteTexts = std::vector<std::pair<std::string, std::string>>;
struct SiteEdit {
  std::string site;  ///< name or s-… id
  SiteTexts texts;   ///< empty: an editor is asked
  bool dry_run = false, yes = false;
};
/// `sites edit`: shows what would change, asks, and does it. Without texts, on a terminal, in the editor of
/// VISUAL or EDITOR.
Result<Done> edit_site(const ApiConnection& connection, const Screen& screen, const SiteEdit& edit);

/// What is declared of a site as lines "column = text" for an editor; without its coordinates where they are not exact. Pure.
std::string site_file(const ApiJson& site, bool exact);
/// What those lines say that `before` did not, with the lines they stand on. Errors: kMalformed: "FILE:3: …". Pure.
struct SiteLines {
  SiteTexts changed;
  std::map<std::string, std::size_t> lines;  ///< by column, from 1
};
Result<SiteLines> changed_lines(const std::string& file, const std::string& before, const std::string& after);

/// What the command line says of it.
void add_site_edit(CLI::App& sites, Line& line);

}  // namespace capmap
