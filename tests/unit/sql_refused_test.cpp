// What no statement may do, each by trying, and what one may take.
#include <array>
#include <catch2/catch.hpp>
#include <iostream>

#include "controller/sql/sql_guard.hpp"
#include "controller/sql/sql_limits.hpp"
#include "tests/support/sql_world.hpp"

namespace capmap {
namespace {

using Rows = nlohmann::json;

struct Small : test::World {
  Small() {
    auto one = agent(1, test::server_shape(8, 8, 0));
    introduce(one, {});
  }
  test::SqlOf sql{map};
};

constexpr std::array kHostile = {"insert into nodes(id) values ('x')",
                                 "update nodes set cores = 1",
                                 "delete from nodes",
                                 "replace into sites(id) values ('x')",
                                 "insert into cells select * from cells",
                                 "with x as (select 1) insert into nodes select * from x",
                                 "create table t(a)",
                                 "create temp table t(a)",
                                 "create temporary table t as select * from nodes",
                                 "create view v as select 1",
                                 "create temp view v as select 1",
                                 "create trigger t after insert on nodes begin select 1; end",
                                 "create index i on nodes(id)",
                                 "create virtual table t using fts5(a)",
                                 "create virtual table t using nodes",
                                 "create virtual table temp.t using cells",
                                 "drop table nodes",
                                 "drop view nodes",
                                 "alter table nodes rename to other",
                                 "attach 'x.db' as x",
                                 "attach ':memory:' as x",
                                 "attach database '/etc/passwd' as p",
                                 "detach main",
                                 "pragma writable_schema = 1",
                                 "pragma database_list",
                                 "pragma temp_store_directory = '/tmp'",
                                 "pragma hard_heap_limit = 0",
                                 "vacuum",
                                 "vacuum into '/tmp/a-stolen.db'",
                                 "reindex",
                                 "analyze",
                                 "begin",
                                 "begin immediate",
                                 "commit",
                                 "savepoint a",
                                 "release a",
                                 "select load_extension('/tmp/evil.so')",
                                 "select load_extension('libsqlite3', 'x')",
                                 "select * from sqlite_master",
                                 "select * from sqlite_schema",
                                 "select count(*) from sqlite_master",
                                 "select name from sqlite_temp_master",
                                 "select * from pragma_database_list",
                                 "select count(*) from pragma_function_list",
                                 "select * from pragma_table_info('nodes')",
                                 "select * from dbstat",
                                 "select count(*) from dbstat",
                                 "select * from sqlite_stmt",
                                 "select * from sqlite_sequence",
                                 "select fts3_tokenizer('simple')",
                                 "select fts3_tokenizer('simple', x'4141414141414141')",
                                 "select randomblob(1000000000)",
                                 "select zeroblob(1000000000)",
                                 "select sqlite_compileoption_get(0)",
                                 "select sqlite_version()",
                                 "select sqlite_log(1, 'x')",
                                 "select readfile('/etc/passwd')",
                                 "select writefile('/tmp/a-x', 'x')",
                                 "select edit('x')",
                                 "select last_insert_rowid()",
                                 "select changes()",
                                 "select 1; select 2",
                                 "select 1; drop table nodes",
                                 "select 1 union select name from sqlite_master",
                                 "select (select sql from sqlite_master)",
                                 "with recursive a(x) as (select sql from sqlite_master union select x from a) select * from a",
                                 "select * from nodes where id in (select name from sqlite_master)",
                                 "select * from main.sqlite_master",
                                 "select * from temp.sqlite_temp_master",
                                 "explain delete from nodes",
                                 "explain query plan create table t(a)"};

TEST_CASE("sql: whatever writes, attaches, sets or looks beyond the tables is refused with a reason and a place") {
  Small world;
  std::size_t refused = 0;
  for (const char* sql : kHostile) {
    const auto refusal = world.sql.refusal(sql);
    std::cout << refusal.word << "  " << sql << "\n    " << refusal.detail << "\n";
    INFO(sql << ": " << refusal.word << " " << refusal.detail);
    CHECK((refusal.word == "refused-sql" || refusal.word == "bad-sql"));
    CHECK(!refusal.detail.empty());
    ++refused;
  }
  CHECK(refused >= 30);
  CHECK(world.sql.rows("select count(*) from nodes") == Rows::parse("[[1]]"));
}

TEST_CASE("sql: a statement that cannot be understood is told where, and with what there is") {
  Small world;
  const std::string sql = "select hostname,\n  corse from nodes";
  const auto column = world.sql.refusal(sql);
  CHECK(column.word == "bad-sql");
  REQUIRE(column.place);
  CHECK(place_in(sql, *column.place).line == 2);
  CHECK(place_in(sql, *column.place).column == 3);
  CHECK(std::find(column.known.begin(), column.known.end(), "cores") != column.known.end());
  const auto table = world.sql.refusal("select * from node");
  CHECK(table.detail == "no such table: node");
  CHECK(table.known.size() >= 10);
  CHECK(world.sql.refusal("selekt 1").place == 0);
  CHECK(world.sql.refusal("select \"hostnam\" from nodes").detail.find("single quotes") != std::string::npos);
  CHECK(world.sql.refusal("select ?1").detail.find("parameters") != std::string::npos);
  CHECK(world.sql.refusal("  -- nothing").detail.find("no statement") != std::string::npos);
  CHECK(world.sql.refusal("").word == "bad-sql");
  const auto second = world.sql.refusal("select 1; select 2");
  CHECK(second.place == 9);
  const auto function = world.sql.refusal("select 1,\n load_extension('x')");
  REQUIRE(function.place);
  CHECK(place_in("select 1,\n load_extension('x')", *function.place).line == 2);
}

TEST_CASE("sql: what reads is let through: WITH, VALUES, EXPLAIN, recursion, windows, JSON") {
  Small world;
  CHECK(world.sql.rows("with a as (select 1 as x), b as (select x + 1 as x from a) select count(*) from b") == Rows::parse("[[1]]"));
  CHECK(world.sql.rows("values (1, 'a'), (2, 'b')") == Rows::parse(R"([[1,"a"],[2,"b"]])"));
  CHECK(world.sql.rows("explain query plan select * from nodes where id = 'x'").size() == 1);
  CHECK(world.sql.rows("with recursive c(x) as (select 1 union all select x + 1 from c where x < 5) select sum(x) from c") ==
        Rows::parse("[[15.0]]"));
  CHECK(world.sql.rows("select sum(column1) over (order by column1 rows 1 preceding) from (values (1), (2), (3))").size() == 3);
  CHECK(world.sql.rows("select value from json_each('[1,2]')") == Rows::parse("[[1],[2]]"));
  CHECK(world.sql.rows("select 9007199254740993, x'00ff', 1e999, 0.5;  -- the end") ==
        Rows::parse(R"([["9007199254740993","00ff","Infinity",0.5]])"));
}

TEST_CASE("sql: a statement that never ends is ended at its time") {
  Small world;
  const std::array endless = {"with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c",
                              "with recursive c(x) as (select 1 union all select x from c) select max(x) from c",
                              "with recursive d(x) as (select 1 union all select x + 1 from d where x < 3000) "
                              "select count(*) from d a, d b, d c where a.x * b.x = c.x + 0.5"};
  for (const char* sql : endless) {
    INFO(sql);
    const auto refusal = world.sql.refusal(sql, 100);
    CHECK(refusal.word == "sql-limit");
    CHECK(refusal.limit == "time");
    CHECK(refusal.detail.starts_with("ended after 100 ms"));
  }
}

TEST_CASE("sql: functions that cannot be interrupted end with their statement, however many stand in it") {
  Small world;
  std::string sql =
      "with t(a, p) as (select replace(hex(char(1,1,1,1,1,1,1,1)), '0', substr(printf('%.2000c', 'a'), 1, 2000)), "
      "'%' || replace('aaaaaaaaaaaaaaaaaaaa', 'a', 'a%') || 'b') select 1";
  for (int i = 0; i < 200; ++i) sql += ", a like p or a like p or a like p or a like p";
  sql +=
      " from t, (values (1), (2), (3), (4), (5), (6), (7), (8), (9)) x, (values (1), (2), (3), (4), (5), (6), (7), (8), (9)) y, "
      "(values (1), (2), (3), (4), (5), (6), (7), (8), (9)) z order by random";
  sql.replace(sql.rfind(" order by random"), std::string::npos, "");
  const auto refusal = world.sql.refusal(sql, 200);
  CHECK(refusal.limit == "time");
}

TEST_CASE("sql: memory, sizes and shapes of a statement are bounded, each with its name") {
  Small world;
  const auto limit_of = [&world](const std::string& sql) {
    const auto refusal = world.sql.refusal(sql, 120'000);
    INFO(sql.substr(0, 100) << ": " << refusal.word << " " << refusal.detail);
    CHECK(refusal.word == "sql-limit");
    return refusal.limit;
  };
  CHECK(
      limit_of("with recursive c(x, t) as (select 1, '' union select x + 1, printf('%.9000c', 'a') || x from c) select count(*) from c") ==
      "memory");
  CHECK(limit_of("with recursive c(x, t) as (select 1, printf('%.9000c', 'a') union all select x + 1, t from c where x < 100000) "
                 "select x from c order by t || x") == "memory");
  CHECK(limit_of("select hex(printf('%.40000c', 'a'))") == "size");
  CHECK(limit_of("with recursive c(t) as (select 'aaaaaaaaaa' union all select t || t from c) select length(t) from c") == "size");
  CHECK(limit_of("select group_concat(x) from (with recursive c(x) as (select 1 union all select x + 1 from c where x < 99999) "
                 "select x from c)") == "size");
  CHECK(
      limit_of("with recursive c(x) as (select 1 union all select x + 1 from c where x < 99999) select x, printf('%.9000c', 'a') from c") ==
      "answer");
  CHECK(limit_of("select " + std::string(kMaxSqlBytes, '1')) == "size");
  std::string deep = "1", compound = "select 1", columns = "select 1";
  for (int i = 0; i < 120; ++i) deep = "(" + deep + ")+1";
  for (int i = 0; i < 40; ++i) compound += " union all select 1";
  for (int i = 0; i < 300; ++i) columns += ",1";
  CHECK(limit_of("select " + deep) == "size");
  CHECK(limit_of(compound) == "size");
  CHECK(limit_of(columns) == "size");
  std::string ctes = "with a0 as (select 1 x)";
  for (int i = 1; i < 40; ++i) {
    const auto before = "a" + std::to_string(i - 1);
    ctes += ", a" + std::to_string(i) + " as (select p.x from " + before + " p, " + before + " q)";
  }
  const auto doubled = world.sql.refusal(ctes + " select count(*) from a39", 120'000);
  CHECK(doubled.word == "sql-limit");
  CHECK(world.sql.rows("select 1") == Rows::parse("[[1]]"));  // and the next one has all of it again
}

TEST_CASE("sql: functions that may be called are all there, and no other") {
  Small world;
  for (const auto& name : SqlGuard::functions()) {
    if (!(name[0] >= 'a' && name[0] <= 'z')) continue;
    const auto end = world.sql.run({.sql = "select " + name + "()", .most_ms = 1'000}, test::kStart);
    if (const auto* const refusal = std::get_if<SqlRefusal>(&end)) {
      INFO(name << ": " << refusal->detail);
      CHECK(refusal->detail.find("no such function") == std::string::npos);
      CHECK(refusal->word == "bad-sql");  // of other arguments
    }
  }
}

}  // namespace
}  // namespace capmap
