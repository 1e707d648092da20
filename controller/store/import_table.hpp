#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace capmap {

/// What an import says of one kind of records: by name, each row only what it gives. Names of columns (see columns.hpp) are said once.
struct ImportRow {
  std::vector<std::pair<std::uint32_t, std::string>> cells;  ///< column and its text; "" = not declared (any more); what is absent stays
};
struct ImportTable {
  std::vector<std::string> columns;
  std::vector<ImportRow> rows;
};
inline constexpr std::size_t kMostImportRows = 100'000;  ///< of one kind

}  // namespace capmap
