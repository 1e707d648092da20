#pragma once
#include <memory>
#include <string>
#include <vector>

#include "common/chip_table.hpp"
#include "common/result.hpp"

namespace capmap {

/// The chip tables a controller has rated with, so that history can be re-stated with each: copies of their files in folders of their own
/// below `catalogs` of the state folder. Named as the table's version; where two tables of one version differ, the later one's name is
/// "7-1f3a09c2", with the beginning of a hash over its files. One thread.
class ChipVersions {
 public:
  explicit ChipVersions(const std::string& state_folder) : folder_(state_folder + "/catalogs") {}

  /// Keeps the table that lies in a folder, unless it is kept already. Its name. Errors: kDenied, kFull, kUnavailable; nothing half kept.
  /// With an operator's rows, which lie beside it as own_cpus.csv and so on, its name is as ChipTable::version().
  Result<std::string> keep(const std::string& catalog_folder, const OwnChips& own = {});
  /// Names, in order.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Errors: kAbsent with the names there are; as ChipTable::load. The newest two stay loaded.
  Result<std::shared_ptr<const ChipTable>> load(const std::string& name);

 private:
  std::string folder_;
  std::vector<std::pair<std::string, std::shared_ptr<const ChipTable>>> loaded_;
};

}  // namespace capmap
