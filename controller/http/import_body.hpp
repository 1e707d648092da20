#pragma once
#include <string>

#include "common/result.hpp"
#include "controller/import_request.hpp"

namespace capmap {

/// Reads the body of an import: {"sites": […], "pools": […], "owners": […], "links": […], "dry_run": …, "allow_move": …, "expect": …}, all
/// of it optional. Entries are objects of texts, numbers, true, false and null; what stands in an object inside them ("declared") is named
/// with a dot between. Words of entries are judged by who carries it out.
/// Errors: kMalformed with the place: not JSON, nested elsewhere, a member twice, more entries or members than are taken.
/// Thread: any. Cost: one pass, without a tree of values.
Result<ImportBody> read_import_body(const std::string& body);

}  // namespace capmap
