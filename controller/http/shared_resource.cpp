#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
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

/// "SITE.SOURCE" of the last one of the page before: pages neither skip nor repeat what was there all the time.
struct Cursor {
  std::uint32_t site = 0;
  std::string source;
};

Result<Cursor> read_cursor(const std::string& text) {
  const auto dot = text.find('.');
  const auto site = parse_count("cursor", text.substr(0, dot), 0, UINT32_MAX);
  if (!site || dot == std::string::npos) return Error{ErrorCode::kMalformed, "cursor: must be what \"next\" of the page before said"};
  return Cursor{.site = static_cast<std::uint32_t>(*site), .source = text.substr(dot + 1)};
}

Json thing_json(const SharedThing& thing, const Call& call) {
  const auto& view = *call.view;
  Json site = nullptr;
  if (thing.site < view.sites.size() && view.sites[thing.site]) {
    site = {{"id", to_text(view.sites[thing.site]->id)}, {"name", text_or_null(view.sites[thing.site]->name)}};
  }
  return {{"kind", "file_system"},
          {"site", std::move(site)},
          {"source", thing.source},
          {"type", text_or_null(thing.type)},
          {"size_bytes", bytes_or_null(thing.size_mb)},
          {"used_bytes", bytes_or_null(thing.used_mb)},
          {"reporters", thing.reporters},
          {"age_ms", call.now_boot_ms - std::min(call.now_boot_ms, thing.told_boot_ms)}};
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
  std::vector<const SharedThing*> page;
  if (call.view->shared) {
    for (const auto& thing : call.view->shared->things) {
      if (std::tie(thing->site, thing->source) > std::tie(after.site, after.source)) page.push_back(thing.get());
    }
  }
  const auto shown = std::min<std::size_t>(page.size(), *limit);
  std::ranges::partial_sort(page, page.begin() + static_cast<std::ptrdiff_t>(shown), [](const SharedThing* a, const SharedThing* b) {
    return std::tie(a->site, a->source) < std::tie(b->site, b->source);
  });
  Json things = Json::array();
  for (std::size_t i = 0; i < shown; ++i) things.push_back(thing_json(*page[i], call));
  Json next = nullptr;
  if (shown < page.size()) next = std::to_string(page[shown - 1]->site) + "." + page[shown - 1]->source;
  return json_response(
      {{"revision", call.view->revision}, {"epoch", hex_text(call.view->epoch)}, {"shared", std::move(things)}, {"next", std::move(next)}});
}

}  // namespace capmap
