#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/chip_table.hpp"
#include "common/csv.hpp"
#include "common/result.hpp"

namespace capmap {

inline constexpr std::size_t kMaxOwnChipBytes = 1'000'000;  ///< of all rows of an operator's together
inline constexpr std::size_t kMaxOwnChipRows = 2'000;       ///< of one file
/// A peak, memory, bandwidth or power so many times the highest of the catalog is taken for a slip of units.
inline constexpr std::uint64_t kOwnChipFactor = 10;

/// What tells a row of a file from its others, for people too: "NVIDIA | H100 PCIe | PCIe". The row has the file's columns.
std::string chip_key(ChipFile file, const CsvTable& table, const CsvRow& row);

/// Eight hexadecimal digits of a hash over the rows; empty where there are none.
std::string own_chips_mark(const OwnChips& own);

/// The rows that lie in own_cpus.csv and so on below a catalog's folder; a file that is not there is empty. Errors: as read_catalog_file.
Result<OwnChips> read_own_chips(const std::string& directory);

/// One row that a change of an operator's rows adds, changes or takes away. `before` and `now` are its line of CSV; of a row that takes
/// the place of one of the catalog's `before` is that one.
struct OwnChipChange {
  std::string key, before, now;
  bool over_catalog = false;
  bool operator==(const OwnChipChange&) const = default;
};
struct OwnChipsPlan {
  OwnChips own;                        ///< all rows as they would be
  std::vector<OwnChipChange> changes;  ///< in the order of the rows given, then what goes
};

/// What rows of a file, CSV with its titles, would change of an operator's rows over the catalog in `directory`. `replace`: they are all
/// of that file's, so that those they lack go; then titles alone are allowed. Each row is held to what the catalog's are, and to what is
/// plausible beside them. Errors: kMalformed as "rows:LINE: column: why", also for a row that stands there twice; kFull; those of the
/// catalog's own files.
Result<OwnChipsPlan> plan_own_chips(const std::string& directory, const OwnChips& before, ChipFile file, std::string_view rows,
                                    bool replace);

}  // namespace capmap
