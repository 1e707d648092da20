#include "controller/store/region_rows.hpp"

#include <algorithm>

namespace capmap {
namespace {

Result<Done> put_row(Statement& put, const ListedRegion& row) {
  const auto parent = std::string_view(row.code).substr(0, row.code.size() - 2);
  put.bind(1, row.code);
  parent.empty() ? put.bind_null(2) : put.bind(2, parent);
  const auto stepped = put.bind(3, row.name).bind(4, row.name_en).bind(5, static_cast<std::int64_t>(row.year)).step();
  if (!stepped) return stepped.error();
  return Done{};
}

std::uint32_t year_at(const Statement& row, int column) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(row.number(column), 0, kLastListYear));
}

}  // namespace

Result<Done> put_region_rows(Database& database, const RegionList& list) {
  if (auto emptied = database.run("delete from regions"); !emptied) return emptied;
  auto put = database.prepare("insert into regions (code, parent, name, name_en, year) values (?1, ?2, ?3, ?4, ?5)");
  if (!put) return put.error();
  for (const auto& row : list.rows) {
    if (auto done = put_row(*put, row); !done) return done;
  }
  auto year = database.prepare("insert into meta values ('regions_year', ?1) on conflict (name) do update set value = excluded.value");
  if (!year) return year.error();
  const auto stepped = year->bind(1, static_cast<std::int64_t>(list.year)).step();
  if (!stepped) return stepped.error();
  return Done{};
}

Result<RegionList> region_rows(Database& database) {
  auto read = database.prepare("select coalesce((select value from meta where name = 'regions_year'), 0)");
  if (!read) return read.error();
  const auto there = read->step();
  if (!there) return there.error();
  RegionList list{.year = year_at(*read, 0), .rows = {}};
  auto rows = database.prepare("select code, name, name_en, year from regions order by code");
  if (!rows) return rows.error();
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return list;
    list.rows.push_back({.code = std::string(rows->text(0)),
                         .name = std::string(rows->text(1)),
                         .name_en = std::string(rows->text(2)),
                         .year = year_at(*rows, 3)});
  }
}

}  // namespace capmap
