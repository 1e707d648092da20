#include "controller/child_backlog.hpp"

#include <algorithm>
#include <utility>

namespace capmap {
namespace {

/// In readings of a node, roughly.
struct CostOf {
  std::uint64_t operator()(const BatchStates& states) const { return states.count; }
  std::uint64_t operator()(const BatchHello& hello) const { return 4 * hello.nodes.size(); }
  std::uint64_t operator()(const ShapeMessage& /*message*/) const { return 1'000; }
};

}  // namespace

bool ChildBacklog::put(ChildReport report, std::uint64_t received_ms) {
  auto& messages = held_[report.child];
  if (messages.size() >= kMostHeld) return false;
  if (messages.empty()) turns_.push_back(report.child);
  messages.push_back({.report = std::move(report), .received_ms = received_ms});
  return true;
}

std::vector<ChildReport> ChildBacklog::next(std::uint64_t now_ms) {
  std::vector<ChildReport> out;
  if (now_ms >= heard_ms_ + kLostAfterMs) with_map_ = 0;
  if (with_map_ >= kMostTurns) return out;
  for (std::uint64_t cost = 0; cost < kTurnCost && !turns_.empty();) {
    const auto child = turns_.front();
    turns_.pop_front();
    auto& messages = held_[child];
    auto& [report, received_ms] = messages.front();
    cost += 1 + std::visit(CostOf(), report.message);
    if (auto* const states = std::get_if<BatchStates>(&report.message)) {
      states->heard_ago_ms = static_cast<std::uint32_t>(std::min<std::uint64_t>(states->heard_ago_ms + (now_ms - received_ms), UINT32_MAX));
    }
    out.push_back(std::move(report));
    messages.pop_front();
    if (!messages.empty()) turns_.push_back(child);
  }
  if (out.empty()) return out;
  ++with_map_;
  heard_ms_ = now_ms;
  return out;
}

void ChildBacklog::answered(std::uint64_t now_ms) {
  if (with_map_ > 0) --with_map_;
  heard_ms_ = now_ms;
}

}  // namespace capmap
