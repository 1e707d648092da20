// Another chip table in force.
#include <algorithm>

#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::size_t kLooks = 100'000, kJudgedCost = 50;  ///< rows of one call; one that is judged costs as much as so many that are not

}  // namespace

void CapacityMap::State::put_chips(std::shared_ptr<const ChipTable> table, const RatedHardware& ready) {
  count_claims(false);  // peaks are among them, and what went in must come out again
  chips = std::move(table);
  auto changed = shapes.rate_anew(chips, ready);
  count_claims(true);
  for (std::size_t i = 0; i < std::min(changed.size(), judged_anew.size()); ++i) changed[i] = changed[i] || judged_anew[i];
  judged_anew = std::ranges::find(changed, true) == changed.end() ? std::vector<bool>() : std::move(changed);
  judge_from = 0;
  ++revision;
}

void CapacityMap::State::count_claims(bool comes) {
  const auto columns = cells.publish();
  for (std::size_t block = 0; block < columns.block_count(); ++block) {
    const auto& keys = columns.keys(block);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      if (keys.state[i] == kFreeSlot || verdict_of(keys.state[i]) != Verdict::kContradicted) continue;
      const auto key = keys.key(i);
      count_contradicted(contradicted, key, shapes.rows()[key.hardware].get(), comes, keys.nodes[i]);
    }
  }
}

bool CapacityMap::State::judge_anew() {
  if (judged_anew.empty()) return false;
  for (std::size_t cost = 0; cost < kLooks && judge_from < nodes.row_count(); ++cost, ++judge_from) {
    const auto row = static_cast<RowIndex>(judge_from);
    const auto& place = nodes.place(row);
    const auto hardware = shapes.hardware(place.shape);
    if (place.vacant || hardware >= judged_anew.size() || !judged_anew[hardware]) continue;
    const auto before = numbers(row);
    exclude(row, Exclusion::kAbsurdShape, shapes.facts(place.shape).absurd.has_value());
    judge(row);
    settle(row, before);
    cost += kJudgedCost;
  }
  if (judge_from < nodes.row_count()) return true;
  judged_anew.clear();
  return false;
}

}  // namespace capmap
