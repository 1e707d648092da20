#include "controller/map/heard_slots.hpp"

#include <algorithm>
#include <bit>

#include "common/check.hpp"

namespace capmap {
namespace {

constexpr unsigned kByte = 8;
constexpr const char* kTooFew = "a cell would fall below zero";

constexpr std::uint32_t byte_at(std::uint64_t counts, std::uint32_t i) {
  return static_cast<std::uint32_t>(counts >> (i * kByte) & 0xFFU);
}
/// One more than the last byte that is not zero.
std::uint32_t used_bytes(std::uint64_t counts) {
  return (64U - static_cast<std::uint32_t>(std::countl_zero(counts)) + kByte - 1) / kByte;
}
auto find(auto& times, HeardSlots::Time time) {
  return std::ranges::lower_bound(times, time, {}, [](const auto& entry) { return entry.first; });
}

}  // namespace

bool HeardSlots::add_here(Cell& cell, Time time, std::uint32_t nodes) {
  if (nodes > kMost) return false;
  if (cell.counts == 0) cell.first = time;
  if (time < cell.first) {
    const auto earlier = cell.first - time;
    if (earlier >= kTimes || used_bytes(cell.counts) + earlier > kTimes) return false;
    cell.counts <<= earlier * kByte;
    cell.first = time;
  }
  const auto at = time - cell.first;
  if (at >= kTimes || byte_at(cell.counts, at) + nodes > kMost) return false;
  cell.counts += std::uint64_t{nodes} << (at * kByte);
  return true;
}

void HeardSlots::add(std::size_t index, Time time, std::uint32_t nodes) {
  auto& cell = cells_[index];
  if (nodes == 0 || (cell.apart == 0 && add_here(cell, time, nodes))) return;
  auto& times = cell.apart == 0 ? move_apart(cell) : apart_[cell.apart - 1];
  auto entry = find(times, time);
  if (entry == times.end() || entry->first != time) entry = times.insert(entry, {time, 0});
  entry->second += nodes;
}

void HeardSlots::take(std::size_t index, Time time, std::uint32_t nodes) {
  auto& cell = cells_[index];
  if (nodes == 0) return;
  if (cell.apart == 0) {
    const auto at = time - cell.first;
    check(time >= cell.first && at < kTimes && byte_at(cell.counts, at) >= nodes, kTooFew);
    cell.counts -= std::uint64_t{nodes} << (at * kByte);
    if (cell.counts == 0) return;
    const auto gone = static_cast<std::uint32_t>(std::countr_zero(cell.counts)) / kByte;
    cell.counts >>= gone * kByte;
    cell.first += gone;
    return;
  }
  auto& times = apart_[cell.apart - 1];
  const auto entry = find(times, time);
  check(entry != times.end() && entry->first == time && entry->second >= nodes, kTooFew);
  entry->second -= nodes;
  if (entry->second == 0) times.erase(entry);
  move_back(cell);
}

HeardSlots::Times& HeardSlots::move_apart(Cell& cell) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(apart_.size()));
    apart_.emplace_back();
  }
  auto& times = apart_[free_.back()];
  cell.apart = free_.back() + 1;
  free_.pop_back();
  for (std::uint32_t i = 0; i < kTimes; ++i) {
    if (const auto nodes = byte_at(cell.counts, i); nodes > 0) times.emplace_back(cell.first + i, nodes);
  }
  cell.counts = 0;
  return times;
}

void HeardSlots::move_back(Cell& cell) {
  auto& times = apart_[cell.apart - 1];
  const bool fits = times.empty() || (times.back().first - times.front().first < kTimes / 2 &&
                                      std::ranges::all_of(times, [](const auto& entry) { return entry.second <= kMost / 2; }));
  if (!fits) return;
  free_.push_back(cell.apart - 1);
  cell.apart = 0;
  for (const auto& [time, nodes] : times) add_here(cell, time, nodes);
  times = {};
}

}  // namespace capmap
