#include "controller/http/scope_filter.hpp"

#include <utility>

#include "common/join_token.hpp"
#include "controller/http/problem.hpp"

namespace capmap {
namespace {

FilterNode test(std::string field, FilterNode::Compare compare, std::vector<std::string> values) {
  return {.kind = FilterNode::Kind::kTest, .parts = {}, .field = std::move(field), .compare = compare, .values = std::move(values)};
}

/// What the map calls the site: its name, where it has one.
std::string word_of(const MapView& view, const SiteId& id) {
  for (const auto& site : view.sites) {
    if (site && site->id == id && !site->name.empty()) return site->name;
  }
  return to_text(id);
}

FilterNode filter_of(const Scope& scope, const MapView& view) {
  FilterNode any{.kind = FilterNode::Kind::kOr, .parts = {}, .field = {}, .values = {}};
  for (const auto& code : scope.regions) any.parts.push_back(test("region", FilterNode::Compare::kPrefix, {code}));
  std::vector<std::string> names;
  for (const auto& id : scope.sites) names.push_back(word_of(view, id));
  if (!names.empty()) any.parts.push_back(test("site", FilterNode::Compare::kIn, std::move(names)));
  return any;
}

}  // namespace

std::optional<FilterNode> both(std::optional<FilterNode> one, std::optional<FilterNode> other) {
  if (!one) return other;
  if (!other) return one;
  return FilterNode{.kind = FilterNode::Kind::kAnd, .parts = {std::move(*one), std::move(*other)}, .field = {}, .values = {}};
}

std::optional<FilterNode> scope_filter(const Principal& principal, const MapView& view) {
  std::optional<FilterNode> all;
  for (const auto& scope : principal.scopes) all = both(std::move(all), filter_of(scope, view));
  return all;
}

bool within_scope(const Principal& principal, const MapView& view, std::uint32_t site) {
  if (!principal.scoped()) return true;
  const auto known = site < view.sites.size() ? view.sites[site] : nullptr;
  return known && principal.may_touch(known->id, known->region);
}

std::string scope_tag(const Principal& principal) {
  return principal.scoped() ? "-" + secret_hash(scope_text(principal)).substr(0, 16) : std::string();
}

HttpResponse out_of_scope(const std::string& what, const Principal& principal) {
  return problem_response(
      {.status = 403,
       .word = "out-of-scope",
       .detail = what + " is beyond your scope (" + scope_text(principal) + "): an admin changes it with capmapctl users edit"});
}

bool may_see(const Call& call, const Site& site) {
  return call.asker->principal.may_touch(site.id, site.region);
}

}  // namespace capmap
