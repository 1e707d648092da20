// What an admin orders of nodes and pools.
#include <utility>

#include "controller/admission.hpp"

namespace capmap {
namespace {

/// In the words of the API.
Error no_such_node(const NodeId& node) {
  return {ErrorCode::kAbsent, "no node has the id " + to_text(node)};
}

Result<Done> note(Store& store, std::uint64_t now_unix_ms, const char* what, const std::string& subject, const std::string& detail) {
  return store.add_audit({.at_unix_ms = now_unix_ms, .who = "admin", .what = what, .subject = subject, .detail = detail});
}

}  // namespace

Result<Change> carry_out(Store& store, const AddPool& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto site = store.find_site(request.site);
  if (!site) return site.error();
  if (!*site) return Change{Error{ErrorCode::kAbsent, "site: no site is called \"" + request.site + "\"; see capmapctl sites list"}};
  Site like;  // a pool's words are held to the rules of a site's
  like.name = request.pool.name;
  like.compute_class = request.pool.compute_class;
  if (auto valid = validate_site(like); !valid) return Change{valid.error()};
  const auto there = store.find_pool((*site)->id, request.pool.name);
  if (!there) return there.error();
  if (*there) return Change{Error{ErrorCode::kDenied, "name: the site has a pool \"" + request.pool.name + "\" already"}};
  Pool pool = request.pool;
  pool.id = random_id<PoolId>();
  pool.site = (*site)->id;
  if (auto put = store.put_pool(pool); !put) return put.error();
  if (auto put = note(store, now_unix_ms, "pool_added", to_text(pool.id), pool.name + " of " + (*site)->name); !put) return put.error();
  return Change{pool};
}

Result<Change> carry_out(Store& store, const OrderService& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  if (auto valid = validate_order(request.order, now_unix_ms); !valid) return Change{valid.error()};
  const auto node = store.find_node(request.node);
  if (!node) return node.error();
  if (!*node) return Change{no_such_node(request.node)};
  ServiceOrder order = request.order;
  order.who = store.actor().empty() ? "admin" : store.actor();
  if (auto put = store.put_service(request.node, order); !put) return put.error();
  const std::string state = kServiceStateNames[static_cast<std::size_t>(order.state)];
  if (auto put = note(store, now_unix_ms, "service_ordered", to_text(request.node), state + ": " + order.why); !put) return put.error();
  return Change{ServiceOrdered{.node = request.node, .order = std::move(order)}};
}

Result<Change> carry_out(Store& store, const AssignPool& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto found = store.find_node(request.node);
  if (!found) return found.error();
  if (!*found) return Change{no_such_node(request.node)};
  KnownNode node = **found;
  node.pool.reset();
  if (!request.pool.empty()) {
    const auto pool = store.find_pool(node.site, request.pool);
    if (!pool) return pool.error();
    if (!*pool) return Change{Error{ErrorCode::kAbsent, "pool: the node's site has no pool \"" + request.pool + "\""}};
    node.pool = (*pool)->id;
  }
  if (auto put = store.put_node(node); !put) return put.error();
  if (auto put = note(store, now_unix_ms, "pool_assigned", to_text(node.id), node.pool ? to_text(*node.pool) : "none"); !put) {
    return put.error();
  }
  return Change{PoolAssigned{std::move(node)}};
}

Result<Change> carry_out(Store& store, const RemoveNode& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto node = store.find_node(request.node);
  if (!node) return node.error();
  if (!*node) return Change{no_such_node(request.node)};
  const auto keys = store.joining().find_node_keys(request.node);
  if (!keys) return keys.error();
  NodeRemoved gone{.node = **node, .next_key = *keys ? (*keys)->next_key : ""};
  for (KnownNode each = **node; !each.public_key.empty(); each.public_key = std::exchange(gone.next_key, "")) {
    if (auto removed = store.remove_node(each, now_unix_ms); !removed) return removed.error();
  }
  gone.next_key = *keys ? (*keys)->next_key : "";
  if (*keys) {
    if (auto put = store.joining().put_node_keys({.node = request.node}); !put) return put.error();
  }
  if (auto put = note(store, now_unix_ms, "node_removed", to_text(request.node), (*node)->hostname); !put) return put.error();
  return Change{std::move(gone)};
}

}  // namespace capmap
