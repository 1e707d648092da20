#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "controller/map/rollup.hpp"
#include "controller/sql/sql_functions.hpp"

namespace capmap {
namespace {

using I128 = __int128;
/// SQLite's memory is aligned to eight bytes.
using StoredI128 [[gnu::aligned(8)]] = I128;

/// Whole numbers are added exactly, real ones beside them with what rounding lost (Neumaier), so that rows may come in any order.
struct Sum {
  std::int64_t count = 0, reals = 0;
  StoredI128 whole = 0;
  double real = 0, lost = 0;
  bool over = false;
};

Sum* sum_of(sqlite3_context* context, bool make) {
  // SQLite zeroes it, and a Sum of zeros is an empty one.
  return static_cast<Sum*>(sqlite3_aggregate_context(context, make ? static_cast<int>(sizeof(Sum)) : 0));
}

void add_real(Sum& sum, double value) {
  const double next = sum.real + value;
  const bool larger = (sum.real < 0 ? -sum.real : sum.real) >= (value < 0 ? -value : value);
  sum.lost += larger ? (sum.real - next) + value : (value - next) + sum.real;
  sum.real = next;
}

void change(sqlite3_context* context, sqlite3_value* value, int sign) {
  Sum* const sum = sum_of(context, true);
  if (sum == nullptr) return sqlite3_result_error_nomem(context);
  const int type = sqlite3_value_numeric_type(value);
  if (type == SQLITE_NULL) return;
  sum->count += sign;
  if (type == SQLITE_INTEGER) {
    sum->whole += sign * I128{sqlite3_value_int64(value)};
  } else {
    sum->reals += sign;
    add_real(*sum, sign * sqlite3_value_double(value));
  }
}

void step(sqlite3_context* context, int, sqlite3_value** values) {
  change(context, values[0], 1);
}
void inverse(sqlite3_context* context, int, sqlite3_value** values) {
  change(context, values[0], -1);
}
void value(sqlite3_context* context) {
  const Sum* const sum = sum_of(context, false);
  if (sum == nullptr || sum->count == 0) return sqlite3_result_null(context);
  const double whole = static_cast<double>(sum->whole);
  if (sum->reals == 0) return sqlite3_result_double(context, whole);
  const double real = sum->real + sum->lost;
  sqlite3_result_double(context, real == real ? whole + real : sum->real);
}

/// "-12", at most 39 digits. False: it is none, or beyond 128 bits.
bool read_digits(std::string_view text, I128& number) {
  const bool below = text.starts_with('-');
  if (below) text.remove_prefix(1);
  if (text.empty()) return false;
  I128 made = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || __builtin_mul_overflow(made, 10, &made) || __builtin_add_overflow(made, c - '0', &made)) return false;
  }
  number = below ? -made : made;
  return true;
}

void change_exact(sqlite3_context* context, sqlite3_value* value, int sign) {
  Sum* const sum = sum_of(context, true);
  if (sum == nullptr) return sqlite3_result_error_nomem(context);
  const int type = sqlite3_value_type(value);
  if (type == SQLITE_NULL) return;
  I128 number = 0;
  if (type == SQLITE_INTEGER) {
    number = sqlite3_value_int64(value);
  } else {
    const auto* const text = reinterpret_cast<const char*>(type == SQLITE_TEXT ? sqlite3_value_text(value) : nullptr);
    if (text == nullptr || !read_digits(text, number)) {
      return sqlite3_result_error(context, "sum_exact: takes whole numbers and texts of digits (the columns that end with _exact)", -1);
    }
  }
  sum->count += sign;
  if (__builtin_add_overflow(sum->whole, sign * number, &sum->whole)) sum->over = true;
}

void step_exact(sqlite3_context* context, int, sqlite3_value** values) {
  change_exact(context, values[0], 1);
}
void inverse_exact(sqlite3_context* context, int, sqlite3_value** values) {
  change_exact(context, values[0], -1);
}
void value_exact(sqlite3_context* context) {
  const Sum* const sum = sum_of(context, false);
  if (sum == nullptr || sum->count == 0) return sqlite3_result_null(context);
  if (sum->over) return sqlite3_result_error(context, "sum_exact: the sum is beyond 128 bits", -1);
  const bool below = sum->whole < 0;
  const auto size = below ? -static_cast<U128>(sum->whole) : static_cast<U128>(sum->whole);
  const auto text = (below ? "-" : "") + decimal(size);
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace

Result<Done> add_sql_sums(sqlite3* connection) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int code = sqlite3_create_window_function(connection, "sum", 1, kFlags, nullptr, step, value, value, inverse, nullptr);
  if (code == SQLITE_OK) {
    code = sqlite3_create_window_function(connection, "sum_exact", 1, kFlags, nullptr, step_exact, value_exact, value_exact, inverse_exact,
                                          nullptr);
  }
  if (code == SQLITE_OK) return Done{};
  return Error{ErrorCode::kUnavailable, std::string("sums could not be added to SQLite: ") + sqlite3_errmsg(connection)};
}

}  // namespace capmap
