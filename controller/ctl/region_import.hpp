#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "controller/ctl/commands.hpp"

namespace capmap {

struct RegionImportRequest {
  std::vector<std::string> files;
  std::uint32_t year = 0;
  bool yes = false;      ///< do not ask
  bool dry_run = false;  ///< only show what would change
};

/// `regions import`: shows what the list changes, asks, and puts it in force as a whole. Without `yes` asks on a terminal, and refuses
/// elsewhere. Errors: those of read_region_files, of the API, kDenied (not wanted).
Result<Done> import_regions(const ApiConnection& connection, const Screen& screen, const RegionImportRequest& request);

/// What an import changes, as text. Pure.
std::string import_text(const ApiJson& answer);

}  // namespace capmap
