#include "controller/map/liveness.hpp"

#include <algorithm>

#include "common/check.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kFreshSlackMs = 5'000;
constexpr std::uint64_t kShortestTtlMs = 60'000;
constexpr RowIndex kNone = UINT32_MAX;  ///< end of a queue

std::size_t at(Liveness liveness) {
  return static_cast<std::size_t>(liveness);
}

}  // namespace

LivenessLimits LivenessLimits::of_interval(std::uint32_t interval_ms) {
  return {.fresh_ms = 2 * std::uint64_t{interval_ms} + kFreshSlackMs, .ttl_ms = std::max(6 * std::uint64_t{interval_ms}, kShortestTtlMs)};
}

Liveness LivenessLimits::of_age(std::uint64_t age_ms) const {
  if (age_ms <= fresh_ms) return Liveness::kFresh;
  return age_ms <= ttl_ms ? Liveness::kStale : Liveness::kLost;
}

LivenessQueues::LivenessQueues(NodeTable& nodes) : nodes_(&nodes) {
  queues_.fill({.first = kNone, .last = kNone, .size = 0});
}

void LivenessQueues::enter(RowIndex row, Liveness liveness) {
  if (liveness == Liveness::kLost) return;
  auto& queue = queues_[at(liveness)];
  nodes_->talk(row).links = {.previous = queue.last, .next = kNone};
  (queue.last == kNone ? queue.first : nodes_->talk(queue.last).links.next) = row;
  queue.last = row;
  ++queue.size;
}

void LivenessQueues::leave(RowIndex row, Liveness liveness) {
  if (liveness == Liveness::kLost) return;
  auto& queue = queues_[at(liveness)];
  check(queue.size > 0, "a row leaves a liveness queue it is not in");
  const auto links = nodes_->talk(row).links;
  (links.previous == kNone ? queue.first : nodes_->talk(links.previous).links.next) = links.next;
  (links.next == kNone ? queue.last : nodes_->talk(links.next).links.previous) = links.previous;
  --queue.size;
}

std::optional<RowIndex> LivenessQueues::front(Liveness liveness) const {
  const auto& queue = queues_[at(liveness)];
  if (queue.size == 0) return std::nullopt;
  return queue.first;
}

std::uint32_t LivenessQueues::size(Liveness liveness) const {
  return queues_[at(liveness)].size;
}

}  // namespace capmap
