// Whether a request stays within the scope of who asks.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "controller/admission_access.hpp"

namespace capmap {
namespace {

/// Absent: it stays within.
using Refusal = Result<std::optional<OutOfScope>>;

Refusal site_within(Store& store, const Principal& principal, const std::string& name) {
  const auto site = store.find_site(name);
  if (!site) return site.error();
  // What is not there is told so by what carries the request out; a name is no secret.
  if (!*site || principal.may_touch((*site)->id, (*site)->region)) return std::optional<OutOfScope>();
  return std::optional(OutOfScope{"site " + (*site)->name + " is beyond your scope (" + scope_text(principal) + ")"});
}

Refusal node_within(Store& store, const Principal& principal, const NodeId& id) {
  const auto node = store.find_node(id);
  if (!node) return node.error();
  if (!*node) return std::optional<OutOfScope>();
  return site_within(store, principal, to_text((*node)->site));
}

Refusal within(Store& store, const Principal& who, const AddPool& request) {
  return site_within(store, who, request.site);
}
/// Where it stands now, and where it would stand.
Refusal within(Store& store, const Principal& who, const EditSite& request) {
  auto refused = site_within(store, who, request.site);
  if (!refused || *refused) return refused;
  const auto region = std::ranges::find(request.texts, "region", [](const auto& text) { return text.first; });
  const auto site = store.find_site(request.site);
  if (!site) return site.error();
  if (!*site || region == request.texts.end() || who.may_touch((*site)->id, region->second)) return std::optional<OutOfScope>();
  return std::optional(OutOfScope{"region " + region->second + " is beyond your scope (" + scope_text(who) + ")"});
}
Refusal within(Store& store, const Principal& who, const DeclareSite& request) {
  return site_within(store, who, request.site);
}
Refusal within(Store& store, const Principal& who, const CodeSite& request) {
  return site_within(store, who, request.site);
}
Refusal within(Store& store, const Principal& who, const OrderService& request) {
  return node_within(store, who, request.node);
}
Refusal within(Store& store, const Principal& who, const OrderGroupService& request) {
  if (!request.site.empty()) return site_within(store, who, request.site);
  const auto id = parse_id<PoolId>(request.pool);
  const auto pool = id ? store.find_pool(*id) : Result<std::optional<Pool>>(std::optional<Pool>());
  if (!pool) return pool.error();
  return *pool ? site_within(store, who, to_text((*pool)->site)) : Refusal(std::optional<OutOfScope>());
}
Refusal within(Store& store, const Principal& who, const MoveNode& request) {
  auto refused = node_within(store, who, request.node);
  return !refused || *refused ? refused : site_within(store, who, request.site);
}
Refusal within(Store& store, const Principal& who, const LabelNode& request) {
  return node_within(store, who, request.node);
}
Refusal within(Store& store, const Principal& who, const AssignPool& request) {
  return node_within(store, who, request.node);
}
Refusal within(Store& store, const Principal& who, const RemoveNode& request) {
  return node_within(store, who, request.node);
}
Refusal within(Store& store, const Principal& who, const SettleDouble& request) {
  auto refused = node_within(store, who, request.node);
  return !refused || *refused ? refused : node_within(store, who, request.other);
}
Refusal within(Store&, const Principal& who, const AddSite& request) {
  if (who.may_add_site(request.site.region)) return std::optional<OutOfScope>();
  return std::optional(OutOfScope{"a new site must be of a region of your scope (" + scope_text(who) + ")"});
}
Refusal within(Store& store, const Principal& who, const CreateToken& request) {
  for (const auto& name : request.child_sites) {
    if (auto refused = site_within(store, who, name); !refused || *refused) return refused;
  }
  return request.child_sites.empty() ? site_within(store, who, request.site) : std::optional<OutOfScope>();
}
/// Of oneself: http has seen to it.
Refusal within(Store&, const Principal&, const MakeApiToken&) {
  return std::optional<OutOfScope>();
}
Refusal within(Store&, const Principal&, const RevokeApiToken&) {
  return std::optional<OutOfScope>();
}
/// One's own password: http has seen to it that the one before was known.
Refusal within(Store&, const Principal& who, const PutUser& request) {
  const bool more = request.create || request.role || request.regions || request.sites || request.expires_changes || request.disabled;
  if (request.name == who.name && request.password_hash && !more) return std::optional<OutOfScope>();
  return std::optional(OutOfScope{"users are about all sites, and your scope is " + scope_text(who)});
}
/// All else concerns everybody.
template <class Request>
Refusal within(Store&, const Principal& who, const Request&) {
  return std::optional(OutOfScope{"this is about all sites, and your scope is " + scope_text(who)});
}

}  // namespace

Result<Change> carry_out_for(Store& store, const AdminRequest& request, const TokenMaking& making, std::uint64_t now_unix_ms) {
  const auto* const asker = request.asker.get();
  if (asker != nullptr && asker->principal.scoped()) {
    const auto refused = std::visit([&](const auto& what) { return within(store, asker->principal, what); }, request.what);
    if (!refused) return refused.error();
    if (*refused) return Change{**refused};
  }
  if (asker != nullptr) store.act_for(asker->principal.name, origin_text(*asker));
  auto change = std::visit([&](const auto& what) { return carry_out(store, what, making, now_unix_ms); }, request.what);
  store.act_for({}, {});
  return change;
}

}  // namespace capmap
