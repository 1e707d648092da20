#include "controller/map/shape_past.hpp"

#include <string>

namespace capmap {
namespace {

std::optional<Finding> grown(const char* what, std::uint64_t before, std::uint64_t now) {
  if (before == 0 || before > UINT64_MAX / ShapePast::kGrowth || now <= before * ShapePast::kGrowth) return std::nullopt;
  return Finding{.word = Doubt::kGrewWithoutBoot,
                 .text = std::string(what) + " went from " + std::to_string(before) + " to " + std::to_string(now) +
                         " while its agent ran: no boot was between",
                 .claimed = std::to_string(now),
                 .plausible = std::to_string(before)};
}

}  // namespace

void ShapePast::was(RowIndex row, const Hardware& hardware, bool restarted, bool may_grow) {
  auto& note = notes_[row];
  note.before = hardware;
  note.judged = !restarted && !may_grow;
}

bool ShapePast::is(RowIndex row, const Hardware& hardware, std::uint64_t now_ms) {
  const auto found = notes_.find(row);
  if (found == notes_.end() || !found->second.before) return false;
  auto& note = found->second;
  const auto before = *note.before;
  note.before.reset();
  if (note.judged) {
    if (!before.processor.empty() && !hardware.processor.empty()) {
      if (!note.processor) note.processor = before.processor;
      if (*note.processor == hardware.processor) note.processor.reset();
      if (note.processor) note.processor_now = hardware.processor;
    }
    auto why = grown("memory_bytes", before.memory_bytes.value_or(0), hardware.memory_bytes.value_or(0));
    if (!why) why = grown("accelerators", before.cards, hardware.cards);
    // Who has grown stays so while it grows back to what it said first: only what is smaller again ends it.
    if (why || (note.grew && hardware.memory_bytes.value_or(0) <= before.memory_bytes.value_or(0) && hardware.cards <= before.cards)) {
      note.grew = std::move(why);
    }
  }
  if (before.cards != hardware.cards) note.card_changes_ms.push_back(now_ms);
  if (note.card_changes_ms.size() > kMostCardChanges + 1) note.card_changes_ms.erase(note.card_changes_ms.begin());
  return true;
}

void ShapePast::restarted(RowIndex row) {
  if (const auto found = notes_.find(row); found != notes_.end()) {
    found->second.grew.reset();
    found->second.processor.reset();
  }
}

bool ShapePast::expire(RowIndex row, std::uint64_t now_ms) {
  const auto found = notes_.find(row);
  if (found == notes_.end()) return false;
  auto& note = found->second;
  const auto over = std::erase_if(note.card_changes_ms, [now_ms](std::uint64_t at_ms) { return now_ms >= at_ms + kHourMs; });
  if (!note.before && !note.grew && !note.processor && note.card_changes_ms.empty()) notes_.erase(found);
  return over > 0;
}

std::vector<Finding> ShapePast::findings(RowIndex row) const {
  std::vector<Finding> all;
  const auto found = notes_.find(row);
  if (found == notes_.end()) return all;
  const auto& note = found->second;
  if (note.grew) all.push_back(*note.grew);
  if (note.processor) {
    all.push_back(
        {.word = Doubt::kProcessorChanged,
         .text = "its processor went from " + *note.processor + " to " + note.processor_now + " while its agent ran: no boot was between",
         .claimed = note.processor_now,
         .plausible = *note.processor});
  }
  if (note.card_changes_ms.size() > kMostCardChanges) {
    all.push_back(
        {.word = Doubt::kCardsFlap,
         .text = "the number of its accelerators was another one more than " + std::to_string(kMostCardChanges) + " times within an hour",
         .claimed = {},
         .plausible = {}});
  }
  return all;
}

}  // namespace capmap
