// What an admin orders of whole sites and pools, where a node stands, and the labels beside its agent's.
#include <algorithm>
#include <utility>

#include "controller/admission.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxWhyBytes = 400;

Result<Done> note(Store& store, std::uint64_t now_unix_ms, const char* what, const std::string& subject, const std::string& detail) {
  return store.add_audit({.at_unix_ms = now_unix_ms, .who = "admin", .what = what, .subject = subject, .detail = detail});
}

Error no_site(const std::string& name) {
  return {ErrorCode::kAbsent, "site: no site is called \"" + name + "\"; see capmapctl sites list"};
}

/// A pool by its id alone, or by its name at a site.
Result<std::optional<Pool>> named_pool(Store& store, const OrderGroupService& request, const std::optional<Site>& site) {
  if (site) return store.find_pool(site->id, request.pool);
  const auto id = parse_id<PoolId>(request.pool);
  return id ? store.find_pool(*id) : Result<std::optional<Pool>>(std::optional<Pool>());
}

}  // namespace

Result<Done> validate_order(const ServiceOrder& order, std::uint64_t now_unix_ms) {
  const auto wrong = [](const char* what) { return Error{ErrorCode::kMalformed, what}; };
  if (order.why.size() > kMaxWhyBytes) return wrong("reason: may have at most 400 bytes");
  if (order.until_unix_ms && *order.until_unix_ms <= now_unix_ms) return wrong("until: lies in the past");
  if (order.from_unix_ms && order.until_unix_ms && *order.until_unix_ms <= *order.from_unix_ms) return wrong("until: must be after from");
  if (order.state == ServiceState::kInService && (order.from_unix_ms || order.until_unix_ms)) {
    return wrong("from, until: in_service has none; give the other state its end instead");
  }
  return Done{};
}

Result<Change> carry_out(Store& store, const OrderGroupService& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  if (auto valid = validate_order(request.order, now_unix_ms); !valid) return Change{valid.error()};
  if (request.order.state > ServiceState::kMaintenance) {
    return Change{Error{ErrorCode::kMalformed,
                        "state: a site or pool can be in_service, draining, drained or in maintenance; the rest is of single nodes"}};
  }
  auto site = request.site.empty() ? Result<std::optional<Site>>(std::optional<Site>()) : store.find_site(request.site);
  if (!site) return site.error();
  if (!request.site.empty() && !*site) return Change{no_site(request.site)};
  GroupServiceOrdered ordered{.site = {}, .pool = {}, .order = request.order};
  if (!request.pool.empty()) {
    auto pool = named_pool(store, request, *site);
    if (!pool) return pool.error();
    if (!*pool) return Change{Error{ErrorCode::kAbsent, "pool: no pool is called \"" + request.pool + "\""}};
    ordered.pool = std::move(**pool);
    site = store.find_site(to_text(ordered.pool->site));
    if (!site) return site.error();
  }
  if (!*site) return Change{no_site(request.site)};
  ordered.site = std::move(**site);
  ordered.order.who = store.actor().empty() ? "admin" : store.actor();
  const auto pool_id = ordered.pool ? std::optional(ordered.pool->id) : std::nullopt;
  if (auto put = store.put_group_service({.site = ordered.site.id, .pool = pool_id, .order = ordered.order}); !put) return put.error();
  const std::string state = kServiceStateNames[static_cast<std::size_t>(ordered.order.state)];
  const auto subject = pool_id ? to_text(*pool_id) : to_text(ordered.site.id);
  if (auto put =
          note(store, now_unix_ms, pool_id ? "pool_service_ordered" : "site_service_ordered", subject, state + ": " + ordered.order.why);
      !put) {
    return put.error();
  }
  return Change{std::move(ordered)};
}

Result<Change> carry_out(Store& store, const MoveNode& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto found = store.find_node(request.node);
  if (!found) return found.error();
  if (!*found) return Change{Error{ErrorCode::kAbsent, "no node has the id " + to_text(request.node)}};
  const auto site = store.find_site(request.site);
  if (!site) return site.error();
  if (!*site) return Change{no_site(request.site)};
  KnownNode node = **found;
  const auto from = node.site;
  node.site = (*site)->id;
  node.pool.reset();
  if (!request.pool.empty()) {
    const auto pool = store.find_pool(node.site, request.pool);
    if (!pool) return pool.error();
    if (!*pool) return Change{Error{ErrorCode::kAbsent, "pool: site " + (*site)->name + " has no pool \"" + request.pool + "\""}};
    node.pool = (*pool)->id;
  }
  if (node != **found) {
    if (auto put = store.put_node(node); !put) return put.error();
    const auto detail = "from " + to_text(from) + " to " + to_text(node.site) + (node.pool ? ", pool " + to_text(*node.pool) : "");
    if (auto put = note(store, now_unix_ms, "node_moved", to_text(node.id), detail); !put) return put.error();
  }
  return Change{NodeMoved{std::move(node)}};
}

Result<Change> carry_out(Store& store, const LabelNode& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto found = store.find_node(request.node);
  if (!found) return found.error();
  if (!*found) return Change{Error{ErrorCode::kAbsent, "no node has the id " + to_text(request.node)}};
  auto labels = store.node_labels(request.node);
  if (!labels) return labels.error();
  std::string detail;
  for (const auto& [key, value] : request.labels) {
    detail += (detail.empty() ? "" : ", ") + key + (value.empty() ? " taken back" : " = " + value);
    if (value.empty()) {
      std::erase_if(*labels, [&key = key](const Label& label) { return label.key == key; });
    } else if (const auto problem = put_label(*labels, key, value)) {
      return Change{Error{ErrorCode::kMalformed, "labels: " + *problem}};
    }
  }
  if (auto put = store.put_node_labels(request.node, *labels); !put) return put.error();
  if (auto put = note(store, now_unix_ms, "node_labelled", to_text(request.node), detail.substr(0, kMaxWhyBytes)); !put) return put.error();
  return Change{NodeLabelled{.node = request.node, .labels = std::move(*labels)}};
}

}  // namespace capmap
