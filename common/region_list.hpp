#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

struct CsvTable;

inline constexpr std::size_t kDivisionDigits = 2, kPrefectureDigits = 4, kCountyDigits = 6;
/// Whether a text has the form of a code: 2, 4 or 6 digits.
bool is_region_code(std::string_view text);

inline constexpr std::uint32_t kFirstListYear = 1980, kLastListYear = 2100;
inline constexpr std::size_t kMostListedRegions = 10'000;  ///< a list of GB/T 2260 has some 3,300
inline constexpr std::size_t kMostRegionNameBytes = 100;

/// What a code list says of one region.
struct ListedRegion {
  std::string code, name, name_en;
  std::uint32_t year = 0;  ///< of the list that said so last
  bool operator==(const ListedRegion&) const = default;
};

/// The code list in force, and what lists before it said of codes that are not in it: codes of former years stay readable.
struct RegionList {
  std::uint32_t year = 0;          ///< of the list in force; 0 = none was imported
  std::vector<ListedRegion> rows;  ///< ascending by code; those of `year` are in force
  bool operator==(const RegionList&) const = default;
};

/// Why a row cannot stand in a list, as "code: …" or "name: …"; empty when it can.
std::string region_problem(const ListedRegion& region);

/// The list `now`, which is of one year, after what was there before. Rows of another year whose code it does not have are kept as
/// former ones, the newest kMostListedRegions at most; a list of the same year is corrected, and leaves none behind.
RegionList followed(const RegionList& before, RegionList now);

/// Reads files of codes, a header and a row each: columns code and name; name_en where there is one; a column parent, provinceCode or
/// cityCode must be what the code begins with; other columns are not read. A code of six digits that ends in 00 is the prefecture or
/// division before the noughts, as GB/T 2260 writes them, unless the row names that one as its parent (441900 below 4419).
class RegionListReader {
 public:
  /// All or nothing of one file. Errors: kMalformed as "file:line: column: why" (also a code that stands twice, in whichever file), kFull
  /// with more than kMostListedRegions.
  Result<Done> add(const CsvTable& table);
  /// Ascending by code; year is not set.
  [[nodiscard]] std::vector<ListedRegion> rows() const;

 private:
  struct Entry {
    ListedRegion region;
    std::string place;  ///< "file:line"
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace capmap
