#include <charconv>
#include <nlohmann/json.hpp>

#include "controller/http/change_json.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/map/change_feed.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultLimit = 1'000, kMaxLimit = 10'000;
static_assert(kMaxLimit >= ChangeFeed::kBlocks * NodeChanges::kBlockChanges, "what is narrowed is looked at as a whole");

/// "EPOCH-REVISION", as "next" of an answer said.
struct Cursor {
  std::uint64_t epoch = 0, revision = 0;
};

std::string to_text(const Cursor& cursor) {
  return hex_text(cursor.epoch) + "-" + std::to_string(cursor.revision);
}

Result<Cursor> parse_cursor(const std::string& text) {
  Cursor cursor;
  const auto dash = text.find('-');
  const auto whole = [](std::string_view digits, std::uint64_t& number, int base) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
  };
  const std::string_view all = text;
  if (dash == std::string::npos || !whole(all.substr(0, dash), cursor.epoch, 16) || !whole(all.substr(dash + 1), cursor.revision, 10)) {
    return Error{ErrorCode::kMalformed, "since: must be what \"next\" of an answer said"};
  }
  return cursor;
}

/// A change as far as it lies within the scope: a place beyond it is null, and all that is told of the other is that the site changed.
/// Absent: none of it does.
std::optional<Json> told_json(const NodeChange& change, const Call& call) {
  const auto sees = [&call](const std::optional<CellKey>& key) {
    return key && within_scope(call.asker->principal, *call.view, key->site);
  };
  const bool from = sees(change.from), to = sees(change.to);
  if (!from && !to) return std::nullopt;
  Json json = change_json(change, *call.view);
  if (from == change.from.has_value() && to == change.to.has_value()) return json;
  json["what"] = Json::array({"site"});
  json[from ? "to" : "from"] = nullptr;
  return json;
}

/// The first `limit` changes after a revision that who asks may see. True: there are more, and `last` is the revision of the last one here.
bool add_changes(Json& list, const Call& call, std::uint64_t after, std::size_t limit, std::uint64_t& last) {
  const bool scoped = call.asker->principal.scoped();
  for (const auto& change : call.view->changes->after(after, scoped ? kMaxLimit : limit)) {
    auto json = told_json(change, call);
    if (!json) continue;
    list.push_back(std::move(*json));
    last = change.revision;
    if (list.size() == limit) return true;
  }
  return false;
}

}  // namespace

Outcome get_changes(const Call& call) {
  const MapView& view = *call.view;
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kDefaultLimit)), 1, kMaxLimit);
  if (!limit) return error_response(limit.error());
  const Cursor now{.epoch = view.epoch, .revision = view.revision};
  Json answer = {{"epoch", hex_text(view.epoch)}, {"revision", view.revision}, {"resync", false}, {"next", to_text(now)}};
  answer["changes"] = Json::array();
  if (call.asker->principal.scoped()) answer["scope"] = scope_text(call.asker->principal);
  const auto since = parameter(call.target, "since");
  if (!since) return json_response(answer);
  const auto cursor = parse_cursor(*since);
  if (!cursor) return error_response(cursor.error());
  const bool gone = !view.changes || cursor->revision < view.changes->complete_after() || cursor->revision > view.revision;
  if (cursor->epoch != view.epoch || gone) {
    answer["resync"] = true;
    answer["why"] = cursor->epoch != view.epoch ? "the controller was restarted since: read /v1/nodes anew, then go on from next"
                                                : "more has changed since than is kept: read /v1/nodes anew, then go on from next";
    return json_response(answer);
  }
  std::uint64_t last = 0;
  if (add_changes(answer["changes"], call, cursor->revision, *limit, last)) answer["next"] = to_text(Cursor{view.epoch, last});
  return json_response(answer);
}

}  // namespace capmap
