#pragma once
#include <span>
#include <string>

#include "controller/ctl/api.hpp"

namespace capmap {

/// One column of a list as CSV: its title, and where its value stands in a row (a JSON pointer).
struct ListColumn {
  const char* title;
  const char* at;
};

/// Rows of an answer as CSV (RFC 4180). What is not known is empty; lists stand in one field, "; " between. Pure.
std::string list_csv(const ApiJson& rows, std::span<const ListColumn> columns);
/// A value as a field or a cell: texts as they are, numbers in digits, null empty.
std::string value_text(const ApiJson& row, const char* at);

}  // namespace capmap
