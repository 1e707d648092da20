#pragma once
#include "common/result.hpp"
#include "controller/sql/sql_deadline.hpp"

struct sqlite3;

namespace capmap {

/// Puts functions in the place of SQLite's own:
///   sum(x)        a real number that does not overflow; of whole numbers it is their exact sum, rounded once
///   sum_exact(x)  all digits of the sum of whole numbers and of texts of digits, as a text; 128 bits
///   like, glob, instr, replace, trim, ltrim, rtrim  as before, but in time that grows with their texts (or text times pattern), and not
///                 after the deadline: what a function does cannot be interrupted
/// The deadline is borrowed. Errors: kUnavailable.
Result<Done> add_sql_sums(sqlite3* connection);
Result<Done> add_sql_texts(sqlite3* connection, const SqlDeadline& deadline);

}  // namespace capmap
