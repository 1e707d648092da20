#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/region_list.hpp"
#include "common/result.hpp"

namespace capmap {

inline constexpr std::uint64_t kMostRegionFileBytes = 64ULL << 20;

/// The rows of files of codes (see RegionListReader), all or nothing; a mark of UTF-8 at a file's begin is passed over.
/// Errors: kAbsent and kDenied naming the file, kFull (larger than kMostRegionFileBytes: told by its size, before it is read), kMalformed
/// as file:line: column: why.
Result<std::vector<ListedRegion>> read_region_files(const std::vector<std::string>& files);

}  // namespace capmap
