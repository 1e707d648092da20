#pragma once
#include <string>

#include "controller/ctl/api.hpp"

namespace capmap {

/// An answer that comes in pages, whole: its member `list` has what all pages list, and `next` is null. A map that changed between pages is
/// read anew, some times: list and total are of one revision. At most 1,000 pages. `path` has a query already. Errors: as api_get.
Result<ApiJson> api_get_pages(const ApiConnection& connection, const std::string& path, const char* list);

}  // namespace capmap
