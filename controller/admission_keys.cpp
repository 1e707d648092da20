// Keys that are never let in again.
#include <algorithm>
#include <utility>

#include "common/transport.hpp"
#include "controller/admission_parts.hpp"
#include "controller/store/revocations.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxReasonBytes = 400;

/// Whose key it is, and all keys that go with it.
Result<std::optional<KeysRevoked>> keys_of_node(Store& store, const std::optional<KnownNode>& node) {
  if (!node) return std::optional<KeysRevoked>();
  KeysRevoked found{.keys = {{.public_key = node->public_key, .owner = node->id.bytes}}, .name = node->hostname, .node = node};
  const auto keys = store.joining().find_node_keys(node->id);
  if (!keys) return keys.error();
  if (*keys && !(*keys)->next_key.empty()) found.keys.push_back({.public_key = (*keys)->next_key, .owner = node->id.bytes});
  return std::optional(std::move(found));
}

Result<std::optional<KeysRevoked>> keys_of_child(Store& store, const std::optional<KnownChild>& child) {
  if (!child) return std::optional<KeysRevoked>();
  KeysRevoked found{
      .keys = {{.public_key = child->public_key, .owner = child->id.bytes, .child = true}}, .name = child->name, .child = child};
  found.child->sites.clear();
  const auto keys = store.joining().find_node_keys(NodeId{child->id.bytes});
  if (!keys) return keys.error();
  if (*keys && !(*keys)->next_key.empty()) {
    found.keys.push_back({.public_key = (*keys)->next_key, .owner = child->id.bytes, .child = true});
  }
  return std::optional(std::move(found));
}

Result<std::optional<KeysRevoked>> owner_of(Store& store, const RevokeKey& request) {
  if (request.node) {
    const auto node = store.find_node(*request.node);
    if (!node) return node.error();
    return keys_of_node(store, *node);
  }
  if (request.child) {
    const auto child = store.find_child(*request.child);
    if (!child) return child.error();
    return keys_of_child(store, *child);
  }
  const auto node = store.find_node(request.public_key);
  if (!node) return node.error();
  if (*node) return keys_of_node(store, *node);
  const auto next = store.joining().find_next_key(request.public_key);
  if (!next) return next.error();
  if (*next && (*next)->child) {
    const auto offering = store.find_child(ControllerId{(*next)->node.bytes});
    if (!offering) return offering.error();
    return keys_of_child(store, *offering);
  }
  if (*next) {
    const auto offering = store.find_node((*next)->node);
    if (!offering) return offering.error();
    return keys_of_node(store, *offering);
  }
  const auto child = store.find_child(request.public_key);
  if (!child) return child.error();
  if (*child) return keys_of_child(store, *child);
  return std::optional(KeysRevoked{.keys = {{.public_key = request.public_key}}, .name = ""});  // before anybody shows it
}

std::string owner_text(const RevokedKey& key) {
  return key.child ? to_text(ControllerId{key.owner}) : to_text(NodeId{key.owner});
}

}  // namespace

Result<Change> list_revoked(Store& store) {
  auto keys = store.joining().revoked();
  if (!keys) return keys.error();
  const auto nodes = store.joining().node_keys();
  if (!nodes) return nodes.error();
  RevokedList list{.keys = std::move(*keys)};
  for (const auto& node : *nodes) {
    if (!node.next_key.empty()) ++(node.child ? list.changing_children : list.changing);
  }
  return Change{JoiningDone{std::move(list)}};
}

Result<Change> rotate_keys(Store& store, const RotateKeys& request, std::uint64_t now_unix_ms) {
  if (request.node) {
    const auto node = store.find_node(*request.node);
    if (!node) return node.error();
    if (!*node) return Change{Error{ErrorCode::kAbsent, "no node has the id " + to_text(*request.node)}};
  }
  if (request.child) {
    const auto child = store.find_child(*request.child);
    if (!child) return child.error();
    if (!*child) return Change{Error{ErrorCode::kAbsent, "no child controller has the id " + to_text(*request.child)}};
  }
  const AuditEntry entry{.at_unix_ms = now_unix_ms,
                         .who = "admin",
                         .what = "key_change_asked",
                         .subject = request.node    ? to_text(*request.node)
                                    : request.child ? to_text(*request.child)
                                                    : "all",
                         .detail = ""};
  if (auto put = store.add_audit(entry); !put) return put.error();
  return Change{JoiningDone{RotationAsked{request.node, request.child}}};
}

/// The audit's line; the rest is files, and done once it stands (controller/server_key_desk.hpp).
Result<Change> rotate_server_key(Store& store, const RotateServerKey& request, std::uint64_t now_unix_ms) {
  const AuditEntry entry{.at_unix_ms = now_unix_ms,
                         .who = "admin",
                         .what = request.finish ? "server_key_finish_asked" : "server_key_change_asked",
                         .subject = "server",
                         .detail = request.force ? "forced" : ""};
  if (auto put = store.add_audit(entry); !put) return put.error();
  return Change{JoiningDone{request}};
}

Result<Change> revoke_key(Store& store, const RevokeKey& request, const TokenMaking& making, std::uint64_t now_unix_ms) {
  if (request.reason.size() > kMaxReasonBytes) return Change{Error{ErrorCode::kMalformed, "reason: may have at most 400 bytes"}};
  if (!request.node && !request.child && !is_z85_key(request.public_key)) {
    return Change{Error{ErrorCode::kMalformed, "public_key: is no key of 40 characters"}};
  }
  auto found = owner_of(store, request);
  if (!found) return found.error();
  if (!*found) {
    const auto id = request.node ? to_text(*request.node) : to_text(*request.child);
    return Change{Error{ErrorCode::kAbsent, "no node or child controller has the id " + id}};
  }
  KeysRevoked& what = **found;
  for (auto& key : what.keys) {
    key.revoked_unix_ms = now_unix_ms;
    key.reason = request.reason;
  }
  // The file first: a key that stands there alone is revoked at the next start; one in the database alone would come back with a backup.
  if (auto kept = append_revocations(making.revocations, what.keys); !kept) return kept.error();
  for (const auto& key : what.keys) {
    if (auto put = store.joining().revoke(key); !put) return put.error();
  }
  const auto& first = what.keys.front();
  const AuditEntry entry{.at_unix_ms = now_unix_ms,
                         .who = "admin",
                         .what = "key_revoked",
                         .subject = what.name.empty() ? first.public_key : owner_text(first),
                         .detail = what.name + (request.reason.empty() ? "" : ": " + request.reason)};
  if (auto put = store.add_audit(entry); !put) return put.error();
  return Change{JoiningDone{std::move(what)}};
}

}  // namespace capmap
