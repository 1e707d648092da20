#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "controller/sql/sql_table.hpp"

namespace capmap {

/// A table that came with a statement, as CSV with a header: numbers are numbers where they are written as such ("007" is a text), empty
/// fields are null. Every column can be looked up. Errors: kMalformed as "NAME:line: reason", kFull.
Result<std::unique_ptr<SqlTable>> attached_table(const std::string& name, std::string_view csv);

/// Errors: kMalformed: 1 to 63 of a-z 0-9 _ beginning with a letter.
Result<Done> check_table_name(std::string_view name);

}  // namespace capmap
