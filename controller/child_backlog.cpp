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

template <class Element>
std::uint64_t bytes_in(const std::vector<Element>& column) {
  return column.capacity() * sizeof(Element);
}

/// Of memory, beside the message itself.
struct BytesOf {
  std::uint64_t operator()(const BatchStates& states) const {
    std::uint64_t bytes = bytes_in(states.nodes) + bytes_in(states.accelerators_used) + bytes_in(states.accelerators_free) +
                          bytes_in(states.accelerators_unhealthy);
    for (const auto& column : states.readings) bytes += bytes_in(column);
    return bytes;
  }
  std::uint64_t operator()(const BatchHello& hello) const { return bytes_in(hello.nodes); }
  std::uint64_t operator()(const ShapeMessage& message) const { return message.shape.body.size(); }
};

}  // namespace

bool ChildBacklog::put(ChildReport report, std::uint64_t received_ms) {
  const auto bytes = sizeof(Held) + report.route.size() + std::visit(BytesOf(), report.message);
  auto& child = held_[report.child];
  // No child may hold more than it leaves free: one that floods takes half, and there is room for the next one that comes.
  if (child.messages.size() >= kMostHeld || child.bytes + 2 * bytes > kMostBytes - bytes_) return false;
  if (child.messages.empty()) turns_.push_back(report.child);
  child.messages.push_back({.report = std::move(report), .received_ms = received_ms, .bytes = bytes});
  child.bytes += bytes;
  bytes_ += bytes;
  return true;
}

std::vector<ChildReport> ChildBacklog::next(std::uint64_t now_ms) {
  std::vector<ChildReport> out;
  const bool silent = now_ms >= heard_ms_ + kLostAfterMs && asked_again_ < kMostAskedAgain;
  if (turns_.empty() || (with_map_.size() >= kMostTurns && !silent)) return out;
  if (with_map_.size() >= kMostTurns) ++asked_again_;
  Turn turn;
  for (std::uint64_t cost = 0; cost < kTurnCost && !turns_.empty();) {
    const auto id = turns_.front();
    turns_.pop_front();
    auto& child = held_[id];
    auto& [report, received_ms, bytes] = child.messages.front();
    cost += 1 + std::visit(CostOf(), report.message);
    if (auto* const states = std::get_if<BatchStates>(&report.message)) {
      states->heard_ago_ms = static_cast<std::uint32_t>(std::min<std::uint64_t>(states->heard_ago_ms + (now_ms - received_ms), UINT32_MAX));
    }
    turn.bytes += bytes;
    child.bytes -= bytes;
    out.push_back(std::move(report));
    child.messages.pop_front();
    if (!child.messages.empty()) turns_.push_back(id);
  }
  given_ += out.size();
  turn.last_report = given_;
  with_map_.push_back(turn);
  heard_ms_ = now_ms;
  return out;
}

void ChildBacklog::answered(std::uint64_t reports_done, std::uint64_t now_ms) {
  while (!with_map_.empty() && with_map_.front().last_report <= reports_done) {
    bytes_ -= with_map_.front().bytes;
    with_map_.pop_front();
    asked_again_ = 0;
    heard_ms_ = now_ms;
  }
}

std::uint32_t ChildBacklog::stretched(std::uint32_t interval_ms) const {
  constexpr std::uint32_t kLongestMs = 3'600'000;
  const std::uint64_t times = bytes_ > kMostBytes / 4 * 3 ? 4 : bytes_ > kMostBytes / 2 ? 2 : 1;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(interval_ms, std::min<std::uint64_t>(interval_ms * times, kLongestMs)));
}

}  // namespace capmap
