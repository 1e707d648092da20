#include "controller/map/mark_table.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/support/seed.hpp"

using namespace capmap;

namespace {

std::set<std::set<RowIndex>> alike(const MarkTable& table) {
  std::set<std::set<RowIndex>> all;
  table.each_alike([&all](const std::vector<MarkTable::Saying>& rows) {
    std::set<RowIndex> group;
    for (const auto& one : rows) group.insert(one.row);
    all.insert(std::move(group));
  });
  return all;
}

}  // namespace

TEST_CASE("mark table: rows that say the same are found, whichever comes, goes or says another") {
  MarkTable table;
  table.put(1, 7, 100);
  table.put(2, 8, 100);
  CHECK(alike(table).empty());
  CHECK_FALSE(table.shares(1));
  table.put(5'000, 7, 200);
  CHECK(alike(table) == std::set<std::set<RowIndex>>{{1, 5'000}});
  CHECK(table.shares(1));
  table.each_alike([](const auto& rows) {
    CHECK(rows[0].since_unix_ms == 0);
    CHECK(rows[1].since_unix_ms == 200);
  });
  table.put(1, 0, 0);
  CHECK(alike(table).empty());
  table.put(1, 8, 300);
  CHECK(alike(table) == std::set<std::set<RowIndex>>{{1, 2}});
  table.put(2, 7, 300);
  CHECK(alike(table) == std::set<std::set<RowIndex>>{{2, 5'000}});
  CHECK(table.mark(2) == 7);
  CHECK(table.mark(77'777) == 0);
}

TEST_CASE("mark table: what more than eight say makes no pairs, is counted, and does so again when enough have left") {
  MarkTable table;
  for (RowIndex row = 0; row < MarkTable::kMostAlike; ++row) table.put(row, 7, 1);
  CHECK(alike(table).size() == 1);
  CHECK(table.refused() == 0);
  for (RowIndex row = 8; row < 40; ++row) table.put(row, 7, 1);
  CHECK(alike(table).empty());
  CHECK(table.refused() == 32);
  for (RowIndex row = 0; row < 38; ++row) table.put(row, 0, 0);
  CHECK(table.shares(39));
  CHECK(alike(table).empty());  // nobody knows which two they are
  for (RowIndex row = 38; row < 40; ++row) table.put(row, 7, 1);
  CHECK(alike(table) == std::set<std::set<RowIndex>>{{38, 39}});
  table.put(38, 0, 0);
  CHECK_FALSE(table.shares(39));
  table.put(39, 0, 0);
  table.put(1, 7, 1);
  CHECK(alike(table).empty());
}

TEST_CASE("mark table: it knows what a map of all rows knows, and costs some 12 bytes a row") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  MarkTable table;
  std::map<RowIndex, Fingerprint> model;
  for (int step = 0; step < 20'000; ++step) {
    const auto row = static_cast<RowIndex>(random() % 40);
    const auto mark = random() % 4 == 0 ? 0 : 1 + random() % 12;
    table.put(row, mark, 1);
    model[row] = mark;
    std::map<Fingerprint, std::set<RowIndex>> groups;
    for (const auto& [one, says] : model) {
      REQUIRE(table.mark(one) == says);
      if (says != 0) groups[says].insert(one);
    }
    std::set<std::set<RowIndex>> wanted;
    bool listed = true;
    for (const auto& [says, rows] : groups) {
      listed = listed && rows.size() <= MarkTable::kMostListed;
      if (rows.size() > 1 && rows.size() <= MarkTable::kMostAlike) wanted.insert(rows);
    }
    if (listed) REQUIRE(alike(table) == wanted);
  }
  MarkTable large;
  constexpr RowIndex kRows = 200'000;
  for (RowIndex row = 0; row < kRows; ++row) large.put(row, random() | 1U, 1);
  CHECK(large.bytes() < kRows * 13U);
  CHECK(alike(large).empty());
}
