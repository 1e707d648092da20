#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// One object of a list, as it stands in a file: parsed one by one, so that what is wrong is told with its line.
struct JsonItem {
  std::string_view text;
  std::size_t line = 0;
};

inline constexpr std::size_t kMaxJsonItems = 100'000, kMaxItemDepth = 32;

/// The elements of a JSON array; of an object those of its member `list`, or, where it has no such array, the object itself. Borrows the
/// text. Errors: kMalformed as "LINE: why" (not closed, deeper than kMaxItemDepth, more than kMaxJsonItems); what stands inside an element
/// is not looked at further. Cost: one pass.
Result<std::vector<JsonItem>> json_items(std::string_view text, std::string_view list);

}  // namespace capmap
