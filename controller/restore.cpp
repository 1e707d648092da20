#include "controller/restore.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <utility>

#include "common/ids.hpp"
#include "common/log.hpp"

namespace capmap {
namespace {

constexpr std::size_t kPerBatch = 1'024, kMostBatches = 64;  ///< so far the reader is ahead at most

/// Nodes on their way from the store's reader to the map, in batches.
class ReadAhead {
 public:
  void give(std::vector<StoredNode> batch) {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [&] { return batches_.size() < kMostBatches; });
    batches_.push_back(std::move(batch));
    given_.notify_one();
  }
  /// Empty: that was all.
  std::vector<StoredNode> take() {
    std::unique_lock lock(mutex_);
    given_.wait(lock, [&] { return !batches_.empty(); });
    auto batch = std::move(batches_.front());
    batches_.pop_front();
    taken_.notify_one();
    return batch;
  }

 private:
  std::mutex mutex_;
  std::condition_variable given_, taken_;
  std::deque<std::vector<StoredNode>> batches_;
};

Result<Done> read_nodes(Store& store, ReadAhead& ahead) {
  std::vector<StoredNode> batch;
  auto read = store.each_node([&](const StoredNode& stored) {
    if (batch.empty()) batch.reserve(kPerBatch);
    batch.push_back(stored);
    if (batch.size() == kPerBatch) ahead.give(std::exchange(batch, {}));
  });
  if (!batch.empty()) ahead.give(std::move(batch));
  ahead.give({});
  return read;
}

/// They come ascending by node.
Result<Done> restore_labels(Store& store, CapacityMap& map) {
  std::pair<NodeId, std::vector<Label>> labelled;
  const auto put = [&] {
    if (!labelled.second.empty()) map.set_labels(labelled.first, std::exchange(labelled.second, {}));
  };
  auto read = store.each_label([&](const NodeId& node, const Label& label) {
    if (node != labelled.first) put();
    labelled.first = node;
    labelled.second.push_back(label);
  });
  put();
  return read;
}

}  // namespace

Result<std::vector<KeyUpdate>> restore(Store& store, CapacityMap& map, const Clock& clock) {
  const auto now_ms = clock.boot_ms(), now_unix_ms = clock.unix_ms();
  const auto facts = store.facts();
  if (!facts) return facts.error();
  const auto regions = store.regions();
  if (!regions) return regions.error();
  if (regions->year != 0) {
    if (auto put = map.put_regions(*regions); !put) log_warn("stored_regions_not_understood", {{"what", put.error().what}});
  }
  const auto sites = store.sites();
  if (!sites) return sites.error();
  for (const auto& site : *sites) map.put_site(site);
  const auto pools = store.pools();
  if (!pools) return pools.error();
  for (const auto& pool : *pools) map.put_pool(pool);
  const auto groups = store.group_services();
  if (!groups) return groups.error();
  for (const auto& group : *groups) {
    group.pool ? map.set_pool_service(*group.pool, group.order, now_unix_ms) : map.set_site_service(group.site, group.order, now_unix_ms);
  }
  auto site_register = store.site_register();
  if (!site_register) return site_register.error();
  map.put_register(std::make_shared<const SiteRegister>(std::move(*site_register)));
  const auto shapes = store.shapes();
  if (!shapes) return shapes.error();
  for (const auto& shape : *shapes) {
    if (!map.restore_shape(shape, now_ms)) log_warn("stored_shape_not_understood", {{"shape", to_text(shape.id)}});
  }
  std::vector<KeyUpdate> keys;
  keys.reserve(facts->nodes);
  const auto children = store.children();
  if (!children) return children.error();
  for (const auto& child : *children) {
    keys.push_back({.public_key = child.public_key, .node = NodeId{child.id.bytes}, .child = true});
    map.add_child(child, random_id_bytes(), now_ms);
  }
  map.expect_nodes(facts->nodes);
  ReadAhead ahead;
  auto reading = std::async(std::launch::async, [&] { return read_nodes(store, ahead); });
  for (auto batch = ahead.take(); !batch.empty(); batch = ahead.take()) {
    for (auto& stored : batch) {
      map.add_node(stored.node, true, now_ms, stored.shape, stored.last_seen_unix_ms);
      if (stored.machine.any()) map.restore_machine(stored.node.id, stored.machine);
      if (stored.service != ServiceOrder{}) map.set_service(stored.node.id, stored.service, now_unix_ms);
      keys.push_back({.public_key = std::move(stored.node.public_key), .node = stored.node.id});
    }
  }
  if (auto read = reading.get(); !read) return read.error();
  if (auto labels = restore_labels(store, map); !labels) return labels.error();
  const auto clones = store.clones();
  if (!clones) return clones.error();
  for (const auto& clone : *clones) map.restore_clone(clone);
  const auto doubles = store.doubles();
  if (!doubles) return doubles.error();
  for (const auto& settled : *doubles) map.restore_double(settled);
  const auto removed = store.removed_nodes();
  if (!removed) return removed.error();
  for (const auto& node : *removed) keys.push_back({.public_key = node.public_key, .node = node.node, .revoked = true});
  const auto changing = store.joining().node_keys();
  if (!changing) return changing.error();
  for (const auto& node : *changing) {
    if (node.next_key.empty()) continue;
    keys.push_back({.public_key = node.next_key, .node = node.node, .child = node.child, .generation = 1});
  }
  const auto revoked = store.joining().revoked();
  if (!revoked) return revoked.error();
  for (const auto& key : *revoked) {
    keys.push_back({.public_key = key.public_key, .node = NodeId{key.owner}, .revoked = true, .child = key.child});
  }
  return keys;
}

}  // namespace capmap
