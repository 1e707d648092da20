#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "controller/ctl/commands.hpp"

namespace capmap {

/// What `sql` was asked for.
struct SqlCommand {
  std::string statement;  ///< or a line as ".tables"; empty: they come from the input
  std::uint32_t rows = 10'000, ms = 10'000;
  bool csv = false, examples = false;
  std::vector<std::string> attach;  ///< "NAME=FILE", CSV with a header
  bool prompt = false;              ///< somebody types: show where, and go on behind a mistake
};

/// `sql`: a statement, or statements and lines with a dot from `input`. Errors: as api_ask; kFull after a CSV that is not complete.
Result<Done> run_sql_command(const ApiConnection& connection, const Screen& screen, const SqlCommand& command, std::istream& input);

/// Answers as text. Pure.
std::string sql_rows_text(const ApiJson& answer, bool terminal);
std::string sql_rows_csv(const ApiJson& answer);
/// Of GET /v1/sql: its tables, or the columns of one; empty name: of all.
std::string sql_tables_text(const ApiJson& reference, bool terminal);
Result<std::string> sql_schema_text(const ApiJson& reference, const std::string& table, bool terminal);
std::string sql_examples_text(const ApiJson& reference);
/// Why a statement has no answer: title and detail, its line with a mark below the place, and what would have been understood.
std::string sql_problem_text(const std::string& statement, const ApiJson& problem);

}  // namespace capmap
