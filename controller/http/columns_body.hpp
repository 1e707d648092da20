#pragma once
#include <string>

#include "controller/http/json.hpp"
#include "controller/http/message.hpp"

namespace capmap {

inline constexpr const char* kColumnsType = "application/vnd.capmap.columns";

/// Whether the reader names that type in its Accept header.
bool wants_columns(const HttpRequest& request);
/// The same answer column by column, as packaging/doc/columns.md lays it out: the objects of the list `rows`, and beside them what else
/// the answer says. What comes out says neither more nor less than the JSON. Pure. Cost: some passes over the answer.
std::string columns_body(const Json& answer, const char* rows);
/// A response of it.
HttpResponse columns_response(const Json& answer, const char* rows);

}  // namespace capmap
