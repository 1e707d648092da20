#pragma once
#include <iosfwd>
#include <string>

#include "controller/ctl/api.hpp"

namespace capmap {

/// An answer that comes in pages, whole: its member `list` has what all pages list, and `next` is null. A map that changed between pages is
/// read anew, some times: list and total are of one revision. At most 1,000 pages. `path` has a query already. Errors: as api_get.
Result<ApiJson> api_get_pages(const ApiConnection& connection, const std::string& path, const char* list);

/// A table as CSV, whole: its pages one after the other, with one line of titles. At most 1,000 pages. Errors: as api_get; what came before
/// is written.
Result<Done> api_print_csv(const ApiConnection& connection, const std::string& path, std::ostream& out);

}  // namespace capmap
