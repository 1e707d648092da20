// sum() that does not overflow, sum_exact() to the last digit, and texts compared as SQLite compares them.
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "controller/sql/wildcards.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/sql_world.hpp"

namespace capmap {
namespace {

using Rows = nlohmann::json;

struct Empty : test::World {
  test::SqlOf sql{map};
  Rows one(const std::string& sql_text) { return sql.rows(sql_text)[0][0]; }
};

TEST_CASE("sql sums: national byte counts do not overflow, and no digit is lost in the exact one") {
  Empty world;
  CHECK(world.one("select sum(column1) from (values (9223372036854775807), (9223372036854775807))") == 18446744073709551614.0);
  CHECK(world.one("select sum_exact(column1) from (values (9223372036854775807), (9223372036854775807), (null))") ==
        "18446744073709551614");
  CHECK(world.one("select sum_exact(column1) from (values ('340282366920938463463374607431'), (1), ('-2'))") ==
        "340282366920938463463374607430");
  CHECK(world.one("select sum(column1) from (values (1), (null), (2))") == 3.0);
  CHECK(world.one("select sum(column1) from (values (null))").is_null());
  CHECK(world.one("select sum_exact(column1) from (values (null))").is_null());
  CHECK(world.one("select sum(column1) from (values (0.1), (1e100), (0.2), (-1e100))") == Approx(0.3));
  CHECK(world.one("select sum(distinct column1) from (values (2), (2), (3))") == 5.0);
  CHECK(world.one("select sum(column1) filter (where column1 > 1) from (values (1), (2), (3))") == 5.0);
  CHECK(world.one("select sum('12' + 0)") == 12.0);
  CHECK(world.sql.rows("select sum_exact(column1) over (order by column1 rows 1 preceding) from (values (1), (2), (3))") ==
        Rows::parse(R"([["1"],["3"],["5"]])"));
}

TEST_CASE("sql sums: what is no whole number, or beyond 128 bits, is an error of the exact sum") {
  Empty world;
  for (const char* wrong : {"0.5", "'a'", "''", "'-'", "x'31'",
                            "'1' || '"
                            "0000000000000000000000000000000000000000"
                            "'"}) {
    CHECK(world.sql.refusal(std::string("select sum_exact(") + wrong + ")").detail.starts_with("sum_exact: takes whole numbers"));
  }
  const std::string most = "('170141183460469231731687303715884105727')";
  CHECK(world.sql.refusal("select sum_exact(column1) from (values " + most + ", (1))").detail == "sum_exact: the sum is beyond 128 bits");
}

/// Both must say the same: SQLite's own functions, and ours.
struct Both : Empty {
  Both() { REQUIRE(sqlite3_open(":memory:", &plain) == SQLITE_OK); }
  ~Both() { sqlite3_close(plain); }
  Both(const Both&) = delete;
  Both& operator=(const Both&) = delete;
  void check(const std::string& expression) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(plain, ("select " + expression).c_str(), -1, &statement, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
    Rows expected;
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    const int type = sqlite3_column_type(statement, 0);
    if (type == SQLITE_INTEGER) expected = std::strtoll(text, nullptr, 10);
    if (type == SQLITE_TEXT) expected = text;
    sqlite3_finalize(statement);
    INFO(expression);
    CHECK(one("select " + expression) == expected);
  }
  sqlite3* plain = nullptr;
};

TEST_CASE("sql texts: like, glob, instr, replace and trim say what SQLite's own say") {
  Both both;
  std::mt19937_64 random(run_seed());
  const auto pick = [&random](const std::vector<std::string>& from, std::size_t most) {
    std::string out;
    for (auto left = random() % (most + 1); left > 0; --left) out += from[random() % from.size()];
    return "'" + out + "'";
  };
  const std::vector<std::string> letters = {"a", "A", "b", "ü", "京", " ", "-", "]", "_", "%"};
  const std::vector<std::string> likes = {"a", "b", "ü", "京", "%", "_", "%", "\\%", "\\_"};
  const std::vector<std::string> globs = {"a", "b", "ü", "*", "?", "[ab]", "[^a]", "[a-z]", "[]a]", "[a", "京", "[京]"};
  for (int turn = 0; turn < 1'500; ++turn) {
    const auto text = pick(letters, 6), like = pick(likes, 5), glob = pick(globs, 4), part = pick(letters, 2), other = pick(letters, 2);
    both.check(text + " like " + like);
    both.check(text + " like " + like + " escape '\\'");
    both.check(text + " glob " + glob);
    both.check("instr(" + text + ", " + part + ")");
    both.check("replace(" + text + ", " + part + ", " + other + ")");
    for (const char* trim : {"trim(", "ltrim(", "rtrim("}) {
      both.check(trim + text + ", " + part + ")");
      both.check(trim + text + ")");
    }
  }
  for (const char* null : {"null like 'a'", "'a' like null", "instr(null, 'a')", "replace('a', null, 'b')", "trim(null)", "glob('a', null)",
                           "instr('abc', '')", "replace('abc', '', 'x')", "trim('abc', '')", "instr(x'616263', x'63')"}) {
    both.check(null);
  }
}

TEST_CASE("sql texts: a pattern made to be slow takes the time of its length times the text's") {
  std::string text(60'000, 'a'), pattern;
  for (int i = 0; i < 120; ++i) pattern += "a%";
  CHECK_FALSE(is_like(text, pattern + "b", '\0'));
  CHECK(is_like(text, pattern, '\0'));
  CHECK(find_text(text, std::string(30'000, 'a') + "b", 0) == std::string_view::npos);
}

}  // namespace
}  // namespace capmap
