#include "controller/map/losses.hpp"

#include <algorithm>

namespace capmap {

void LossNotes::came(RowIndex row, std::uint64_t gap, std::uint64_t now_ms) {
  total_ += gap;
  const auto found = notes_.find(row);
  if (found == notes_.end() && (gap == 0 || notes_.size() >= kMost)) return;
  auto& note = found == notes_.end() ? notes_[row] : found->second;
  const auto shown = static_cast<std::size_t>(std::min<std::uint64_t>(gap, LostMessages::kLooks - 1));
  note.lost <<= shown + 1;
  for (std::size_t i = 1; i <= shown; ++i) note.lost.set(i);
  note.total += gap;
  if (gap > 0) note.last_boot_ms = now_ms;
  if (note.lost.none()) notes_.erase(row);  // all of the last ones came
}

std::optional<LostMessages> LossNotes::find(RowIndex row) const {
  const auto found = notes_.find(row);
  return found == notes_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace capmap
