#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/words.hpp"
#include "controller/map/shared_things.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultLimit = 100, kMaxLimit = 1'000;
constexpr U128 kBytesPerMb = 1'000'000;

Json bytes_or_null(const std::optional<std::uint64_t>& mb) {
  if (!mb) return nullptr;
  return decimal(U128{*mb} * kBytesPerMb);
}

constexpr std::string_view kGuestMark = "guest.";

/// "SITE.SOURCE" of the last one of the page before, and of a guest "guest.SITE.ID": file systems come first. Pages neither skip nor
/// repeat what was there all the time.
struct Cursor {
  bool guests = false;  ///< file systems are through
  std::uint32_t site = 0;
  std::string source{};
  NodeId guest{};
};

Result<Cursor> read_cursor(std::string text) {
  const Error wrong{ErrorCode::kMalformed, "cursor: must be what \"next\" of the page before said"};
  Cursor cursor{.guests = text.starts_with(kGuestMark)};
  if (cursor.guests) text.erase(0, kGuestMark.size());
  const auto dot = text.find('.');
  const auto site = parse_count("cursor", text.substr(0, dot), 0, UINT32_MAX);
  if (!site || dot == std::string::npos) return wrong;
  cursor.site = static_cast<std::uint32_t>(*site);
  cursor.source = text.substr(dot + 1);
  if (!cursor.guests) return cursor;
  const auto guest = parse_id<NodeId>(cursor.source);
  if (!guest) return wrong;
  cursor.guest = *guest;
  return cursor;
}

Json site_json(std::uint32_t site, const MapView& view) {
  if (site >= view.sites.size() || !view.sites[site]) return nullptr;
  return {{"id", to_text(view.sites[site]->id)}, {"name", text_or_null(view.sites[site]->name)}};
}

Json thing_json(const SharedThing& thing, const Call& call) {
  return {{"kind", "file_system"},
          {"site", site_json(thing.site, *call.view)},
          {"source", thing.source},
          {"type", text_or_null(thing.type)},
          {"size_bytes", bytes_or_null(thing.size_mb)},
          {"used_bytes", bytes_or_null(thing.used_mb)},
          {"reporters", thing.reporters},
          {"age_ms", call.now_boot_ms - std::min(call.now_boot_ms, thing.told_boot_ms)}};
}

/// A virtual machine reports itself, and its host reports what it is a part of.
Json guest_json(const GuestInHost& guest, const MapView& view) {
  return {{"kind", "guest"},
          {"site", site_json(guest.site, view)},
          {"source", to_text(guest.guest)},
          {"type", "virtual_machine"},
          {"host", to_text(guest.host)},
          {"size_bytes", nullptr},
          {"used_bytes", nullptr},
          {"reporters", 2},
          {"age_ms", nullptr}};
}

/// File systems behind the cursor, as many as fit; the cursor of the next page where not all do.
std::optional<std::string> add_file_systems(const Call& call, const Cursor& after, std::size_t limit, Json& things) {
  std::vector<const SharedThing*> page;
  if (call.view->shared) {
    for (const auto& thing : call.view->shared->things) {
      if (!within_scope(call.asker->principal, *call.view, thing->site)) continue;
      if (std::tie(thing->site, thing->source) > std::tie(after.site, after.source)) page.push_back(thing.get());
    }
  }
  const auto shown = std::min(page.size(), limit);
  std::ranges::partial_sort(page, page.begin() + static_cast<std::ptrdiff_t>(shown), [](const SharedThing* a, const SharedThing* b) {
    return std::tie(a->site, a->source) < std::tie(b->site, b->source);
  });
  for (std::size_t i = 0; i < shown; ++i) things.push_back(thing_json(*page[i], call));
  if (shown == page.size()) return std::nullopt;
  return std::to_string(page[shown - 1]->site) + "." + page[shown - 1]->source;
}

/// Likewise guests, which the view has in order.
std::optional<std::string> add_guests(const Call& call, const Cursor& after, std::size_t limit, Json& things) {
  const MapView& view = *call.view;
  if (!view.guests) return std::nullopt;
  const auto& all = *view.guests;
  auto next = !after.guests ? all.begin()
                            : std::ranges::upper_bound(all, std::tie(after.site, after.guest), {},
                                                       [](const GuestInHost& one) { return std::tie(one.site, one.guest); });
  auto last = std::to_string(after.site) + "." + to_text(after.guest);
  for (; next != all.end(); ++next) {
    if (!within_scope(call.asker->principal, view, next->site)) continue;
    if (things.size() == limit) break;
    things.push_back(guest_json(*next, view));
    last = std::to_string(next->site) + "." + to_text(next->guest);
  }
  return next == all.end() ? std::nullopt : std::optional(std::string(kGuestMark) + last);
}

}  // namespace

Outcome get_shared(const Call& call) {
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kDefaultLimit)), 1, kMaxLimit);
  if (!limit) return error_response(limit.error());
  Cursor after;
  if (const auto text = parameter(call.target, "cursor")) {
    const auto cursor = read_cursor(*text);
    if (!cursor) return error_response(cursor.error());
    after = *cursor;
  }
  Json things = Json::array();
  auto next = after.guests ? std::nullopt : add_file_systems(call, after, *limit, things);
  if (!next) next = add_guests(call, after, *limit, things);
  Json answer = {{"revision", call.view->revision},
                 {"epoch", hex_text(call.view->epoch)},
                 {"shared", std::move(things)},
                 {"next", next ? Json(*next) : Json(nullptr)}};
  if (call.asker->principal.scoped()) answer["scope"] = scope_text(call.asker->principal);
  return json_response(answer);
}

}  // namespace capmap
