#include "controller/joining_told.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/log.hpp"
#include "common/transport.hpp"
#include "controller/admission_joining.hpp"
#include "controller/pipes.hpp"
#include "controller/zap.hpp"

namespace capmap {

std::vector<KnownNode> admitted_by(const JoiningDone& done) {
  if (const auto* rule = std::get_if<RuleAdded>(&done.what)) return rule->admitted;
  const auto* decided = std::get_if<PendingDecided>(&done.what);
  if (decided != nullptr && decided->admitted) return {*decided->admitted};
  return {};
}

Result<Done> order_ingest(zmq::socket_t& ingest, KeyOrders orders) {
  auto batch = std::make_unique<AckBatch>();
  batch->keys = std::make_shared<const KeyOrders>(std::move(orders));
  return send_object(ingest, std::move(batch));
}

Result<Done> tell_removed(const NodeRemoved& removed, const JoiningPipes& pipes) {
  for (const auto& key : {removed.node.public_key, removed.next_key}) {
    if (key.empty()) continue;
    const KeyUpdate update{.public_key = key, .node = removed.node.id, .revoked = true};
    if (auto sent = send_object(pipes.keys, std::make_unique<KeyUpdate>(update)); !sent) return sent;
  }
  if (auto told = order_ingest(pipes.ingest, {.refused = {removed.node.id}}); !told) return told;
  return send_object(pipes.map, std::make_unique<MapInput>(NodeLeft{removed.node.id}));
}

Result<Done> tell_revoked(const JoiningDone& done, const JoiningPipes& pipes) {
  if (const auto* asked = std::get_if<RotationAsked>(&done.what)) {
    KeyOrders orders{.rotate_all = !asked->node && !asked->child};
    if (asked->node) orders.rotate = {*asked->node};
    if (asked->child) orders.rotate_children = {*asked->child};
    return order_ingest(pipes.ingest, std::move(orders));
  }
  const auto* revoked = std::get_if<KeysRevoked>(&done.what);
  if (revoked == nullptr) return Done{};
  for (const auto& key : revoked->keys) {
    const KeyUpdate update{.public_key = key.public_key, .node = NodeId{key.owner}, .revoked = true, .child = key.child};
    if (auto sent = send_object(pipes.keys, std::make_unique<KeyUpdate>(update)); !sent) return sent;
  }
  if (revoked->node) {
    log_info("key_revoked", {{"node", to_text(revoked->node->id)}, {"hostname", revoked->name}});
    if (auto told = order_ingest(pipes.ingest, {.refused = {revoked->node->id}}); !told) return told;
    return send_object(pipes.map, std::make_unique<MapInput>(NodeLeft{revoked->node->id}));
  }
  if (!revoked->child) return Done{};
  log_info("key_revoked", {{"child", to_text(revoked->child->id)}, {"name", revoked->name}});
  if (auto told = order_ingest(pipes.ingest, {.refused_children = {revoked->child->id}}); !told) return told;
  return send_object(pipes.map, std::make_unique<MapInput>(ChildAdmitted{*revoked->child}));  // with no sites: its rows leave
}

Result<Done> tell_keys(KeysDecided decided, const JoiningPipes& pipes) {
  for (const auto& update : decided.updates) {
    if (auto sent = send_object(pipes.keys, std::make_unique<KeyUpdate>(update)); !sent) return sent;
  }
  for (const auto& [owner, name] : decided.changed) log_info("key_changed", {{"of", owner}, {"name", name}});
  if (decided.orders.answers.empty() && decided.orders.taken.empty()) return Done{};
  return order_ingest(pipes.ingest, std::move(decided.orders));
}

Result<Done> tidy_joining(Store& store, std::uint64_t now_unix_ms) {
  auto& joining = store.joining();
  auto done = store.begin();
  if (done) done = joining.forget_pending(now_unix_ms - std::min(now_unix_ms, kPendingLivesMs));
  if (done) done = joining.forget_tokens(now_unix_ms - std::min(now_unix_ms, kTokensKeptMs));
  if (done) done = store.commit();
  if (!done) store.roll_back();
  return done;
}

}  // namespace capmap
