#include "controller/http/watch_question.hpp"

#include <algorithm>
#include <string_view>

#include "controller/http/problem.hpp"
#include "controller/http/scope_filter.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostRegionDigits = 6;

/// A kind, or the word before its dot for all that begin with it. False: it is neither.
bool add_kinds(EventKindSet& kinds, std::string_view word) {
  bool known = false;
  for (std::size_t i = 0; i < kEventKinds; ++i) {
    const std::string_view name = kEventWords[i];
    if (name != word && !(name.starts_with(word) && name[word.size()] == '.')) continue;
    kinds.set(i);
    known = true;
  }
  return known && !word.empty();
}

std::optional<HttpResponse> read_kinds(const std::string& text, EventKindSet& kinds) {
  std::string_view rest = text;
  for (;;) {
    const auto word = rest.substr(0, rest.find(','));
    if (!add_kinds(kinds, word)) {
      return problem_response(
          {.status = 400,
           .word = "unknown-kind",
           .detail = "kind: no event is of the kind \"" + std::string(word) + "\"; the word before a dot means all of them",
           .known = {kEventWords.begin(), kEventWords.end()}});
    }
    if (word.size() == rest.size()) return std::nullopt;
    rest.remove_prefix(word.size() + 1);
  }
}

const Site* find_site(const Call& call, const std::string& name_or_id) {
  for (const auto& site : call.view->sites) {
    if (site && (site->name == name_or_id || to_text(site->id) == name_or_id) && may_see(call, *site)) return site.get();
  }
  return nullptr;
}

}  // namespace

bool WatchedPart::may_see(const EventPlace& place) const {
  return std::all_of(scopes.begin(), scopes.end(), [&place](const Scope& scope) { return scope.covers(place.site, place.region); });
}

bool WatchedPart::wants(const EventPlace& place) const {
  return (!site || *site == place.site) && place.region.starts_with(region);
}

std::variant<WatchQuestion, HttpResponse> read_watch_question(const Call& call) {
  WatchQuestion question{.part = {.scopes = call.asker->principal.scopes}, .kinds = {}};
  if (const auto kinds = parameter(call.target, "kind")) {
    if (auto refused = read_kinds(*kinds, question.kinds)) return *refused;
  } else {
    question.kinds.set();
  }
  if (const auto name = parameter(call.target, "site")) {
    const Site* const site = find_site(call, *name);
    if (site == nullptr) {
      return problem_response({.status = 400, .word = "unknown-site", .detail = "site: no site has the name or id \"" + *name + "\""});
    }
    question.part.site = site->id;
  }
  if (const auto code = parameter(call.target, "region")) {
    const bool digits = std::all_of(code->begin(), code->end(), [](char c) { return c >= '0' && c <= '9'; });
    if (code->empty() || code->size() > kMostRegionDigits || !digits) {
      return problem_response({.status = 400, .word = "bad-region", .detail = "region: must be a code of 1 to 6 digits, as 31 or 3205"});
    }
    question.part.region = *code;
  }
  return question;
}

const std::string* told_text(const LiveEvent& event, const WatchedPart& part) {
  if (!event.from && !event.to) return part == WatchedPart{} ? &event.whole : nullptr;
  const bool from = event.from && part.may_see(*event.from), to = event.to && part.may_see(*event.to);
  const bool all = from == event.from.has_value() && to == event.to.has_value();
  if (event.together && !part.scopes.empty() && !(from && to)) return nullptr;
  if (!(from && part.wants(*event.from)) && !(to && part.wants(*event.to))) return nullptr;
  if (all) return &event.whole;
  const auto& narrow = from ? event.of_from : event.of_to;
  return narrow.empty() ? nullptr : &narrow;
}

}  // namespace capmap
