#include "controller/store/register_rows.hpp"

#include <algorithm>

namespace capmap {
namespace {

SiteId site_id(std::span<const std::uint8_t> bytes) {
  SiteId id;
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.bytes.size()), id.bytes.begin());
  return id;
}

std::optional<std::uint32_t> figure(const Statement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(static_cast<std::uint32_t>(row.number(column)));
}

void bind_figure(Statement& put, int index, const std::optional<std::uint32_t>& value) {
  value ? put.bind(index, *value) : put.bind_null(index);
}

Result<Done> carry_out(Statement& statement) {
  const auto stepped = statement.step();
  if (!stepped) return stepped.error();
  return Done{};
}

template <class Take>
Result<Done> each(Database& database, const char* sql, Take take) {
  auto rows = database.prepare(sql);
  if (!rows) return rows.error();
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return Done{};
    take(*rows);
  }
}

}  // namespace

Result<Done> put_owner_row(Database& database, const Owner& owner) {
  auto put = database.prepare("insert into owners values (?1, ?2) on conflict (name) do update set owner_class = excluded.owner_class");
  if (!put) return put.error();
  return carry_out(put->bind(1, owner.name).bind(2, owner.owner_class));
}

Result<Done> put_link_row(Database& database, const TrunkLink& link) {
  auto put = database.prepare(
      "insert into links values (?1, ?2, ?3, ?4, ?5, ?6) on conflict (name) do update set from_site = excluded.from_site, "
      "to_site = excluded.to_site, gbps = excluded.gbps, km = excluded.km, latency_us = excluded.latency_us");
  if (!put) return put.error();
  put->bind(1, link.name).bind_blob(2, link.from.bytes).bind_blob(3, link.to.bytes);
  bind_figure(*put, 4, link.gbps);
  bind_figure(*put, 5, link.km);
  bind_figure(*put, 6, link.latency_us);
  return carry_out(*put);
}

Result<std::optional<Owner>> find_owner_row(Database& database, const std::string& name) {
  auto find = database.prepare("select name, owner_class from owners where name = ?1");
  if (!find) return find.error();
  const auto row = find->bind(1, name).step();
  if (!row) return row.error();
  if (!*row) return std::optional<Owner>();
  return std::optional(Owner{.name = std::string(find->text(0)), .owner_class = std::string(find->text(1))});
}

Result<SiteRegister> register_rows(Database& database) {
  SiteRegister all;
  auto read = each(database, "select name, owner_class from owners order by name", [&all](const Statement& row) {
    all.owners.push_back({.name = std::string(row.text(0)), .owner_class = std::string(row.text(1))});
  });
  if (!read) return read.error();
  read = each(database, "select name, from_site, to_site, gbps, km, latency_us from links order by name", [&all](const Statement& row) {
    all.links.push_back({.name = std::string(row.text(0)),
                         .from = site_id(row.blob(1)),
                         .to = site_id(row.blob(2)),
                         .gbps = figure(row, 3),
                         .km = figure(row, 4),
                         .latency_us = figure(row, 5)});
  });
  if (!read) return read.error();
  return all;
}

}  // namespace capmap
