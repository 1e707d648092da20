#include "controller/challenger.hpp"

#include <algorithm>

#include "controller/map/filter.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostRows = 64;  ///< copied of a chunk

/// Fresh, and in doubt.
const FilterNode& doubted() {
  static const FilterNode node = *parse_filter("verdict != consistent and liveness = fresh");
  return node;
}

}  // namespace

void Challenger::step(CapacityMap& map, const MapView& view, std::uint64_t now_ms, std::uint64_t now_unix_ms) {
  if (gap_ms_ == 0 || now_ms < next_ms_ || map.chunk_count() == 0) return;
  std::erase_if(asked_ms_, [now_ms](const auto& asked) { return now_ms >= asked.second + kAgainMs; });
  chunk_ %= map.chunk_count();
  NodeSelection selection;
  selection.filter.emplace(doubted(), *dictionaries_of(view));
  selection.most = kMostRows;
  selection.first_slot = slot_;
  // Nobody here: the next one soon, and the budget stays.
  next_ms_ = now_ms + std::min<std::uint64_t>(gap_ms_, 1'000);
  const auto rows = map.chunk(chunk_, selection);
  for (const auto& row : rows) {
    const bool measured = row.measured && row.measured->at_unix_s + kMeasuredForS > now_unix_ms / 1'000;
    const bool of_agent = row.session != 0 && row.session != kChildSession && row.hardware != kNoHardware && row.last_heard_boot_ms;
    if (measured || !of_agent || asked_ms_.contains(row.id) || asked_ms_.size() >= kMostKept) continue;
    if (!map.ask_benchmark(row.id, kSeconds, now_ms)) continue;
    asked_ms_.emplace(row.id, now_ms);
    ++asked_;
    next_ms_ = now_ms + gap_ms_;
    return;
  }
  slot_ = rows.size() < kMostRows ? 0 : rows.back().slot + 1;
  if (slot_ == 0) ++chunk_;
}

}  // namespace capmap
