#pragma once
#include <string>

#include "common/result.hpp"
#include "controller/ctl/commands.hpp"

namespace capmap {

/// `sites codes`: codes that registries gave a site, in place of those before; descriptors need them.
Result<Done> code_site(const ApiConnection& connection, const Screen& screen, const std::string& name_or_id, const SiteCodes& codes);

struct DescriptorQuestion {
  std::string form, edition;
  bool csv = false;
};
/// `export descriptors`: those of all sites, page by page.
Result<Done> export_descriptors(const ApiConnection& connection, const Screen& screen, const DescriptorQuestion& question);

/// Rows as a table and what they lack as lines. Pure.
std::string descriptors_text(const ApiJson& answer, const TableLook& look);

}  // namespace capmap
