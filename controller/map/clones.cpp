#include "controller/map/clones.hpp"

#include <algorithm>
#include <utility>

namespace capmap {
namespace {

bool is_held(const Clone& clone) {
  return clone.since_unix_ms != 0 && clone.settled_unix_ms == 0;
}

}  // namespace

CloneRun* CloneTable::run_of(RowIndex row, std::uint64_t run) {
  const auto found = clones_.find(row);
  if (found == clones_.end()) return nullptr;
  const auto at = std::ranges::find(found->second.runs, run, &CloneRun::run_id);
  return at == found->second.runs.end() ? nullptr : &*at;
}

void CloneTable::said(RowIndex row, std::uint64_t run, const std::string& hostname, const std::string& product, std::uint64_t now_unix_ms) {
  auto& runs = clones_[row].runs;
  auto* known = run_of(row, run);
  if (known == nullptr) {
    // Who restarts and restarts pushes out its own older runs, never one that an admin has refused.
    if (runs.size() >= kMostRuns) {
      const auto oldest = std::ranges::find(runs, false, &CloneRun::refused);
      runs.erase(oldest == runs.end() ? runs.begin() : oldest);
    }
    known = &runs.emplace_back(CloneRun{.run_id = run, .hostname = {}, .product = {}, .first_unix_ms = now_unix_ms});
  }
  known->hostname = hostname.substr(0, kMostTextBytes);
  known->product = product.substr(0, kMostTextBytes);
  known->last_unix_ms = now_unix_ms;
}

void CloneTable::heard(RowIndex row, std::uint64_t run, std::uint64_t now_unix_ms) {
  if (auto* const known = run_of(row, run)) known->last_unix_ms = now_unix_ms;
}

void CloneTable::hold(RowIndex row, const NodeId& node, std::uint64_t now_unix_ms) {
  auto& clone = clones_[row];
  if (is_held(clone)) return;
  clone.node = node;
  clone.since_unix_ms = std::max<std::uint64_t>(now_unix_ms, 1);
  clone.settled_unix_ms = 0;
  ++held_;
}

bool CloneTable::held(RowIndex row) const {
  const auto* const clone = find(row);
  return clone != nullptr && is_held(*clone);
}

bool CloneTable::refused(RowIndex row, std::uint64_t run) const {
  const auto* const clone = find(row);
  if (clone == nullptr) return false;
  const auto at = std::ranges::find(clone->runs, run, &CloneRun::run_id);
  return at != clone->runs.end() && at->refused;
}

bool CloneTable::settle(RowIndex row, std::uint64_t run, std::uint64_t now_unix_ms) {
  const auto found = clones_.find(row);
  if (found == clones_.end() || !is_held(found->second) || run_of(row, run) == nullptr) return false;
  for (auto& one : found->second.runs) one.refused = one.run_id != run;
  found->second.settled_unix_ms = std::max<std::uint64_t>(now_unix_ms, 1);
  --held_;
  return true;
}

void CloneTable::restore(RowIndex row, Clone clone) {
  if (is_held(clone)) ++held_;
  clones_.insert_or_assign(row, std::move(clone));
}

void CloneTable::calm(RowIndex row) {
  const auto found = clones_.find(row);
  if (found != clones_.end() && found->second.since_unix_ms == 0) clones_.erase(found);
}

void CloneTable::forget(RowIndex row) {
  if (held(row)) --held_;
  clones_.erase(row);
}

const Clone* CloneTable::find(RowIndex row) const {
  const auto found = clones_.find(row);
  return found == clones_.end() ? nullptr : &found->second;
}

std::vector<Clone> CloneTable::held() const {
  std::vector<Clone> all;
  if (held_ == 0) return all;
  for (const auto& [row, clone] : clones_) {
    if (is_held(clone)) all.push_back(clone);
  }
  std::ranges::sort(all, {}, &Clone::node);
  return all;
}

}  // namespace capmap
