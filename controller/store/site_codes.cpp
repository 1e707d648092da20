#include "controller/store/site_codes.hpp"

#include <algorithm>
#include <unordered_map>

#include "common/utf8.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostCodeBytes = 32, kMostPoolZones = 1'000, kMostPoolNameBytes = 100;

bool is_code(std::string_view text) {
  const bool plain = std::ranges::all_of(
      text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
  return !text.empty() && text.size() <= kMostCodeBytes && plain;
}

bool is_name(std::string_view name) {
  const std::string_view zones = kPoolZones;
  if (!name.starts_with(zones)) return std::ranges::find(kSiteCodeNames, name) != kSiteCodeNames.end();
  const auto pool = name.substr(zones.size());
  return !pool.empty() && pool.size() <= kMostPoolNameBytes && is_printable_utf8(pool);
}

}  // namespace

Result<Done> validate_codes(const SiteCodes& codes) {
  if (codes.size() > kMostPoolZones) return Error{ErrorCode::kMalformed, "codes: at most " + std::to_string(kMostPoolZones)};
  for (const auto& [name, code] : codes) {
    if (!is_name(name)) {
      return Error{ErrorCode::kMalformed,
                   "codes: what is coded is organization, city, industry, zone, service_type, or the zone of a pool"};
    }
    if (!is_code(code)) return Error{ErrorCode::kMalformed, "codes." + name + ": must be 1 to 32 of a-z A-Z 0-9 - _"};
  }
  return Done{};
}

std::string packed(const SiteCodes& codes) {
  std::string text;
  for (const auto& [name, code] : codes) text += name + "=" + code + "\n";
  return text;
}

SiteCodes unpacked_codes(std::string_view text) {
  SiteCodes codes;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto equals = line.rfind('=');  // a pool's name may have one too, a code has none
    if (equals == std::string_view::npos) continue;
    const auto name = line.substr(0, equals), code = line.substr(equals + 1);
    if (is_name(name) && is_code(code)) codes.emplace(name, code);
  }
  return codes;
}

Result<Done> put_code_row(Database& database, const Site& site) {
  auto put = database.prepare(site.codes.empty()
                                  ? "delete from site_codes where site = ?1"
                                  : "insert into site_codes values (?1, ?2) on conflict (site) do update set codes = excluded.codes");
  if (!put) return put.error();
  const auto text = packed(site.codes);
  put->bind_blob(1, site.id.bytes);
  if (!site.codes.empty()) put->bind(2, text);
  const auto stepped = put->step();
  if (!stepped) return stepped.error();
  return Done{};
}

Result<Done> add_codes(Database& database, std::vector<Site>& sites) {
  const bool one = sites.size() == 1;
  auto rows = database.prepare(one ? "select site, codes from site_codes where site = ?1" : "select site, codes from site_codes");
  if (!rows) return rows.error();
  if (one) rows->bind_blob(1, sites.front().id.bytes);
  std::unordered_map<SiteId, SiteCodes, IdHash> by_site;
  for (;;) {
    const auto row = rows->step();
    if (!row) return row.error();
    if (!*row) break;
    SiteId id;
    const auto bytes = rows->blob(0);
    std::copy_n(bytes.begin(), std::min(bytes.size(), id.bytes.size()), id.bytes.begin());
    by_site.emplace(id, unpacked_codes(rows->text(1)));
  }
  for (auto& site : sites) {
    if (const auto at = by_site.find(site.id); at != by_site.end()) site.codes = at->second;
  }
  return Done{};
}

}  // namespace capmap
