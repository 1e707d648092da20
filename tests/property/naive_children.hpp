#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/property/naive_fold.hpp"

namespace capmap::test {

/// A map with child controllers, as one would write it without a thought for cost: a child is a list of who has which number.
class NaiveChildren : public NaiveMap {
 public:
  struct Child {
    std::array<std::uint8_t, 16> mask{};
    std::set<SiteId> sites;
    std::uint64_t run_id = 0, named_ms = 0;
    std::uint32_t session = 0, seq = 0, refused = 0;
    std::vector<std::uint64_t> old_runs;
    std::vector<std::optional<NodeId>> numbers;
    std::optional<std::uint32_t> all_nodes;
    std::set<ShapeId> waiting;
    std::set<NodeId> nodes;  ///< on the map, whichever run named them
  };

  using NaiveMap::NaiveMap;
  std::vector<Child> children;
  std::map<std::string, std::uint64_t> refused;

  void delegate(std::size_t which, const std::vector<SiteId>& sites) {
    auto& child = children[which];
    child.sites = {sites.begin(), sites.end()};
    for (auto& id : child.numbers) {
      if (!id || child.sites.contains(record(*id).site)) continue;
      id.reset();
      ++child.refused;
      ++refused["foreign_site"];
    }
    remove_if(child, [&](const NodeId& id) { return !child.sites.contains(record(id).site); });
  }

  void hear(std::size_t which, const ChildMessage& message, std::uint64_t now_ms) {
    auto& child = children[which];
    const auto& envelope = std::visit([](const auto& kind) -> const Envelope& { return kind.envelope; }, message);
    const auto* const said_hello = std::get_if<BatchHello>(&message);
    const bool same = child.run_id == envelope.run_id;
    if (same && envelope.seq <= child.seq) return refuse("old_seq");
    if (!same && std::ranges::count(child.old_runs, envelope.run_id) > 0) return refuse("old_session");
    if (!same && (said_hello == nullptr || said_hello->first != 0)) return refuse("unknown_run");
    if (!same) begin(child, envelope.run_id);
    child.seq = envelope.seq;
    std::visit([&](const auto& kind) { take(child, kind, now_ms); }, message);
  }

 private:
  Node& record(const NodeId& id) { return *std::ranges::find(nodes_, id, &Node::id); }
  void refuse(const char* why) { ++refused[why]; }
  template <class Wanted>
  void remove_if(Child& child, Wanted wanted) {
    for (const auto& id : std::set<NodeId>(child.nodes)) {
      if (wanted(id)) remove(child, id);
    }
  }
  void remove(Child& child, const NodeId& id) {
    child.nodes.erase(id);
    std::ranges::replace(child.numbers, std::optional(id), std::optional<NodeId>());
    remove_node(id);
  }
  static void begin(Child& child, std::uint64_t run_id) {
    if (child.run_id != 0) child.old_runs.push_back(child.run_id);
    if (child.old_runs.size() > 8) child.old_runs.erase(child.old_runs.begin());
    child.run_id = run_id;
    ++child.session;
    child.refused = 0;
    child.numbers.clear();
    child.waiting.clear();
  }
  /// Whoever has no number now is gone.
  void finish(Child& child) {
    remove_if(child, [&](const NodeId& id) { return std::ranges::count(child.numbers, std::optional(id)) == 0; });
  }

  void take(Child& child, const BatchHello& hello, std::uint64_t now_ms) {
    if (hello.first > child.numbers.size()) return refuse("unknown_number");
    for (std::size_t i = child.numbers.size() - hello.first; i < hello.nodes.size(); ++i) {
      child.named_ms = now_ms;
      name(child, hello.nodes[i]);
    }
    child.all_nodes = hello.all_nodes;
    if (child.all_nodes && child.numbers.size() >= *child.all_nodes) finish(child);
  }
  void name(Child& child, const BatchNode& said) {
    NodeId id = said.id;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] ^= child.mask[i];
    std::ranges::replace(child.numbers, std::optional(id), std::optional<NodeId>());
    if (!child.sites.contains(said.site)) {
      remove(child, id);
      child.numbers.emplace_back();
      ++child.refused;
      return refuse("foreign_site");
    }
    if (child.nodes.insert(id).second) nodes_.emplace_back().id = id;
    auto& node = record(id);
    node.counted = true;
    node.site = said.site;
    node.named = said.shape;
    node.shape.reset();
    node.memory_total_bytes.reset();
    if (said.memory_total_mib) node.memory_total_bytes = std::uint64_t{*said.memory_total_mib} << 20;
    node.pus_allowed = said.pus_allowed;
    forget(node);
    node.usage_taken = false;
    bind(node);
    if (!node.shape) child.waiting.insert(said.shape);
    child.numbers.emplace_back(id);
  }
  static void forget(Node& node) {
    node.readings = {};
    node.devices.clear();
    node.insane.clear();
  }

  void take(Child& child, const ShapeMessage& message, std::uint64_t /*now_ms*/) {
    if (child.waiting.erase(message.shape.id) == 0) return refuse("unknown_shape");
    shapes_[message.shape.id] = unpack_shape(message.shape)->shape;
    canonicalize(shapes_[message.shape.id]);
  }

  void take(Child& child, const BatchStates& states, std::uint64_t now_ms) {
    const std::uint64_t end = states.nodes.empty() ? std::uint64_t{states.first} + states.count : std::uint64_t{states.nodes.back()} + 1;
    if (end > child.numbers.size()) return refuse("unknown_number");
    if (!child.all_nodes && now_ms >= child.named_ms + 600'000) finish(child);
    for (std::size_t i = 0; i < states.count; ++i) {
      const auto id = child.numbers[states.nodes.empty() ? states.first + i : states.nodes[i]];
      if (!id) continue;
      if (states.liveness == BatchLiveness::kGone) {
        remove(child, *id);
      } else {
        take(child, record(*id), states, i, now_ms - states.heard_ago_ms);
      }
    }
  }
  void take(Child& child, Node& node, const BatchStates& states, std::size_t i, std::uint64_t heard_ms) {
    if (!node.shape) bind(node);
    if (!node.shape) child.waiting.insert(node.named);
    if (states.full) {
      forget(node);
      node.usage_taken = true;
    }
    node.heard_ms = std::max(node.heard_ms.value_or(0), heard_ms);
    node.liveness = states.liveness == BatchLiveness::kFresh   ? Liveness::kFresh
                    : states.liveness == BatchLiveness::kStale ? Liveness::kStale
                                                               : Liveness::kLost;
    Answer answer;
    for (std::size_t k = 0; k < kFields.size(); ++k) {
      if (states.readings[k].empty()) continue;
      Readings one;
      if (states.readings[k][i] == 0) node.readings.*kFields[k] = std::nullopt;
      if (states.readings[k][i] != 0) one.*kFields[k] = states.readings[k][i] - 1;
      NaiveMap::take(node, one, answer);
    }
    if (states.accelerators_used.empty()) return;
    node.devices.clear();
    const auto add = [&node](std::uint8_t count, std::optional<bool> used, bool healthy) {
      AcceleratorUse device;
      device.used = used;
      device.healthy = healthy;
      for (; count > 0; --count) node.devices.push_back(device);
    };
    add(states.accelerators_used[i], true, true);
    add(states.accelerators_free[i], false, true);
    add(states.accelerators_unhealthy[i], std::nullopt, false);
    if (!node.shape || node.devices.size() > node.installed_devices()) node.devices.clear();
  }
};

}  // namespace capmap::test
