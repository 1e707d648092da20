#include "controller/store/child_rows.hpp"

#include <algorithm>

namespace capmap {
namespace {

KnownChild child_at(const Statement& row) {
  KnownChild child{.id = {},
                   .public_key = std::string(row.text(1)),
                   .name = std::string(row.text(2)),
                   .sites = unpacked_sites(row.blob(3)),
                   .joined_unix_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(row.number(4), 0))};
  const auto id = row.blob(0);
  std::copy_n(id.begin(), std::min(id.size(), child.id.bytes.size()), child.id.bytes.begin());
  return child;
}

}  // namespace

std::vector<std::uint8_t> packed_sites(const std::vector<SiteId>& sites) {
  std::vector<std::uint8_t> bytes;
  for (const auto& site : sites) bytes.insert(bytes.end(), site.bytes.begin(), site.bytes.end());
  return bytes;
}

std::vector<SiteId> unpacked_sites(std::span<const std::uint8_t> bytes) {
  std::vector<SiteId> sites(bytes.size() / SiteId{}.bytes.size());
  for (std::size_t i = 0; i < sites.size(); ++i) std::ranges::copy(bytes.subspan(i * 16, 16), sites[i].bytes.begin());
  return sites;
}

Result<Done> put_child_row(Database& database, const KnownChild& child) {
  auto put = database.prepare(
      "insert into children (id, public_key, name, sites, joined_unix_ms) values (?1, ?2, ?3, ?4, ?5) on conflict (id) do update set "
      "public_key = excluded.public_key, name = excluded.name, sites = excluded.sites, joined_unix_ms = excluded.joined_unix_ms");
  if (!put) return put.error();
  const auto sites = packed_sites(child.sites);
  put->bind_blob(1, child.id.bytes).bind(2, child.public_key).bind(3, child.name).bind_blob(4, sites);
  const auto stepped = put->bind(5, static_cast<std::int64_t>(child.joined_unix_ms)).step();
  if (!stepped) return stepped.error();
  return Done{};
}

Result<std::optional<KnownChild>> find_child_row(Database& database, const std::string& public_key) {
  auto find = database.prepare("select id, public_key, name, sites, joined_unix_ms from children where public_key = ?1");
  if (!find) return find.error();
  const auto row = find->bind(1, public_key).step();
  if (!row) return row.error();
  return *row ? std::optional(child_at(*find)) : std::optional<KnownChild>();
}

Result<std::optional<KnownChild>> find_child_row(Database& database, const ControllerId& id) {
  auto find = database.prepare("select id, public_key, name, sites, joined_unix_ms from children where id = ?1");
  if (!find) return find.error();
  const auto row = find->bind_blob(1, id.bytes).step();
  if (!row) return row.error();
  return *row ? std::optional(child_at(*find)) : std::optional<KnownChild>();
}

Result<std::vector<KnownChild>> child_rows(Database& database) {
  auto rows = database.prepare("select id, public_key, name, sites, joined_unix_ms from children");
  if (!rows) return rows.error();
  std::vector<KnownChild> all;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) return all;
    all.push_back(child_at(*rows));
  }
}

}  // namespace capmap
