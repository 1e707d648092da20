#include "controller/key_desk.hpp"

#include <utility>

#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr std::uint16_t kMostGenerations = 60'000;  ///< of one node in one run of the controller

/// Why a key cannot be this owner's next one; empty: it can.
Result<std::string> taken_by_another(Store& store, const std::string& key, const NodeId& node) {
  if (!is_z85_key(key)) return std::string("it is no key");
  const auto revoked = store.joining().find_revoked(key);
  if (!revoked) return revoked.error();
  if (*revoked) return std::string("it was revoked");
  const auto other = store.find_node(key);
  if (!other) return other.error();
  const auto child = store.find_child(key);
  if (!child) return child.error();
  const auto next = store.joining().find_next_key(key);
  if (!next) return next.error();
  const auto waiting = store.joining().find_pending(key);
  if (!waiting) return waiting.error();
  const bool others =
      (*other && (*other)->id != node) || (*child && (*child)->id.bytes != node.bytes) || (*next && (*next)->node != node) || *waiting;
  return std::string(others ? "another has it" : "");
}

}  // namespace

std::uint16_t KeyDesk::generation_of(const NodeId& node) const {
  const auto found = generations_.find(node);
  return found == generations_.end() ? std::uint16_t{0} : found->second;
}

Result<KeysDecided> KeyDesk::decide(Store& store, const std::vector<KeyWord>& words, std::uint64_t now_unix_ms) {
  KeysDecided decided;
  for (const auto& word : words) {
    auto done = word.offer ? offer(store, word, decided) : use(store, word, now_unix_ms, decided);
    if (!done) return done.error();
  }
  return decided;
}

void KeyDesk::kept(const KeysDecided& decided) {
  for (const auto& taken : decided.orders.taken) generations_[taken.node] = taken.generation;
}

Result<KeyDesk::Owner> KeyDesk::owner_of(Store& store, const KeyWord& word) {
  if (word.child) {
    const auto child = store.find_child(ControllerId{word.node.bytes});
    if (!child) return child.error();
    return *child ? Owner{(*child)->public_key, to_text((*child)->id), (*child)->name} : Owner{};
  }
  const auto node = store.find_node(word.node);
  if (!node) return node.error();
  return *node ? Owner{(*node)->public_key, to_text((*node)->id), (*node)->hostname} : Owner{};
}

Result<Done> KeyDesk::give(Store& store, const KeyWord& word, const std::string& key) {
  if (word.child) {
    auto child = store.find_child(ControllerId{word.node.bytes});
    if (!child) return child.error();
    (*child)->public_key = key;
    return store.put_child(**child);
  }
  auto node = store.find_node(word.node);
  if (!node) return node.error();
  (*node)->public_key = key;
  return store.put_node(**node);
}

Result<Done> KeyDesk::offer(Store& store, const KeyWord& word, KeysDecided& decided) {
  const auto& key = word.offer->next_public_key;
  const auto owner = owner_of(store, word);
  if (!owner) return owner.error();
  if (owner->public_key.empty() || key.empty()) return Done{};
  const auto answer = [&](KeyNews news) { decided.orders.answers.push_back({.route = word.route, .news = std::move(news)}); };
  auto keys = store.joining().find_node_keys(word.node);
  if (!keys) return keys.error();
  if (owner->public_key == key || (*keys && (*keys)->next_key == key)) {
    answer({.kept_key = key});  // the answer was lost
    return Done{};
  }
  const auto refused = taken_by_another(store, key, word.node);
  if (!refused) return refused.error();
  const auto generation = generation_of(word.node);
  if (!refused->empty() || generation >= kMostGenerations) {
    answer({.refused = refused->empty() ? "too many keys: it may change again when the controller has started anew" : *refused});
    return Done{};
  }
  const auto update = [&](const std::string& which) -> KeyUpdate {
    return {.public_key = which, .node = word.node, .child = word.child, .generation = static_cast<std::uint16_t>(generation + 1)};
  };
  NodeKeys changed = *keys ? **keys : NodeKeys{.node = word.node};
  if (!changed.next_key.empty()) {
    decided.updates.push_back(update(changed.next_key));
    decided.updates.back().dropped = true;
  }
  changed.next_key = key;
  if (auto put = store.joining().put_node_keys(changed); !put) return put;
  decided.updates.push_back(update(key));
  answer({.kept_key = key});
  return Done{};
}

Result<Done> KeyDesk::use(Store& store, const KeyWord& word, std::uint64_t now_unix_ms, KeysDecided& decided) {
  const auto owner = owner_of(store, word);
  if (!owner) return owner.error();
  const auto keys = store.joining().find_node_keys(word.node);
  if (!keys) return keys.error();
  const auto generation = generation_of(word.node);
  if (owner->public_key.empty() || word.generation < generation) return Done{};
  decided.orders.taken.push_back({.node = word.node, .generation = word.generation, .child = word.child});
  if (word.generation == generation || !*keys || (*keys)->next_key.empty()) return Done{};  // taken already: ingest had not heard
  decided.updates.push_back({.public_key = owner->public_key, .node = word.node, .child = word.child, .dropped = true});
  if (auto given = give(store, word, (*keys)->next_key); !given) return given;
  if (auto put = store.joining().put_node_keys({.node = word.node, .since_unix_ms = now_unix_ms}); !put) return put;
  const AuditEntry entry{.at_unix_ms = now_unix_ms,
                         .who = word.child ? "child" : "agent",
                         .what = word.child ? "child_key_changed" : "node_key_changed",
                         .subject = owner->id,
                         .detail = owner->name};
  if (auto put = store.add_audit(entry); !put) return put;
  decided.changed.push_back({owner->id, owner->name});
  return Done{};
}

}  // namespace capmap
