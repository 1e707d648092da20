#include "controller/map/returns.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::uint64_t kSweepEveryMs = 60'000;

}  // namespace

void ReturnNotes::came_back(RowIndex row, std::uint64_t now_ms) {
  if (notes_.size() >= kMost && !notes_.contains(row)) make_room(now_ms);
  if (notes_.size() >= kMost && !notes_.contains(row)) {
    ++refused_;
    return;
  }
  auto& note = notes_[row];
  note.seconds[note.count % kTimes] = static_cast<std::uint32_t>(now_ms / 1'000);
  ++note.count;
}

void ReturnNotes::make_room(std::uint64_t now_ms) {
  if (now_ms < swept_at_ms_ + kSweepEveryMs) return;
  swept_at_ms_ = now_ms;
  std::erase_if(notes_, [now_ms](const auto& entry) { return now_ms > entry.second.newest_ms() + kKeepMs; });
}

std::vector<std::uint64_t> ReturnNotes::since(RowIndex row, std::uint64_t from_ms) const {
  std::vector<std::uint64_t> times;
  const auto found = notes_.find(row);
  if (found == notes_.end()) return times;
  const auto& note = found->second;
  const auto kept = std::min<std::uint32_t>(note.count, kTimes);
  for (auto i = note.count - kept; i < note.count; ++i) {
    const auto at_ms = note.seconds[i % kTimes] * std::uint64_t{1'000};
    if (at_ms >= from_ms / 1'000 * 1'000) times.push_back(at_ms);
  }
  return times;
}

}  // namespace capmap
