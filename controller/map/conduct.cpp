#include "controller/map/conduct.hpp"

#include <algorithm>

namespace capmap {

void ConductNotes::speaks(Note& note, std::uint64_t run, std::uint64_t now_ms, std::uint32_t interval_ms) {
  if (note.speaker == run) return;
  note.speaker = run;
  note.changed_ms = now_ms;
  if (note.changes == 0 || now_ms > note.since_ms + std::uint64_t{kCloneIntervals} * interval_ms) {
    note.since_ms = now_ms;
    note.changes = 0;
  }
  note.clone = note.clone || ++note.changes >= 2 * kCloneTurns;
}

void ConductNotes::repeats(Note& note, std::uint64_t now_ms) {
  if (note.repeated == 0 || now_ms >= note.repeated_since_ms + kMinuteMs) {
    note.repeated_since_ms = now_ms;
    note.repeated = 0;
  }
  if (++note.repeated > kMostRepeated) note.replay_until_ms = now_ms + kReplayMarkMs;
}

void ConductNotes::run_changed(RowIndex row, std::uint64_t new_run, std::uint64_t now_ms) {
  auto& note = notes_[row];
  if (note.speaker == new_run) return;
  note.speaker = new_run;
  note.changed_ms = now_ms;
}

void ConductNotes::old_run(RowIndex row, std::uint64_t run, std::uint32_t seq, std::uint64_t now_ms, std::uint32_t interval_ms) {
  auto& note = notes_[row];
  speaks(note, run, now_ms, interval_ms);
  // One that lives counts on at its own pace; what is played back does not.
  const bool lives = note.other_run != run || (seq > note.other_seq && now_ms >= note.other_ms + interval_ms / 2);
  if (!lives) repeats(note, now_ms);
  note.other_seq = note.other_run == run ? std::max(note.other_seq, seq) : seq;
  note.other_run = run;
  note.other_ms = now_ms;
}

void ConductNotes::old_seq(RowIndex row, std::uint64_t now_ms) {
  repeats(notes_[row], now_ms);
}

void ConductNotes::next(RowIndex row, std::uint64_t run, std::uint64_t now_ms, std::uint32_t interval_ms) {
  const auto found = notes_.find(row);
  if (found != notes_.end() && found->second.speaker != 0) speaks(found->second, run, now_ms, interval_ms);
}

ConductNotes::Marks ConductNotes::marks(RowIndex row, std::uint64_t now_ms, std::uint64_t calm_ms) {
  const auto found = notes_.find(row);
  if (found == notes_.end()) return {};
  auto& note = found->second;
  if (now_ms >= note.changed_ms + calm_ms) {
    note.clone = false;
    note.speaker = note.changes = 0;
  }
  const bool repeats_now = note.repeated != 0 && now_ms < note.repeated_since_ms + kMinuteMs;
  const Marks marks{.clone = note.clone, .replay = now_ms < note.replay_until_ms};
  if (note.speaker == 0 && !repeats_now && !marks.replay && note.ask_at_ms == 0) notes_.erase(found);
  return marks;
}

void ConductNotes::clock_wrong(RowIndex row, bool wrong, std::uint64_t now_ms) {
  const auto found = notes_.find(row);
  if (wrong) {
    notes_[row].ask_at_ms = now_ms + kAskClockMs;
  } else if (found != notes_.end()) {
    found->second.ask_at_ms = 0;
  }
}

bool ConductNotes::ask_for_clock(RowIndex row, std::uint64_t now_ms) {
  const auto found = notes_.find(row);
  if (found == notes_.end() || found->second.ask_at_ms == 0 || now_ms < found->second.ask_at_ms || now_ms < next_ask_ms_) return false;
  found->second.ask_at_ms = now_ms + kAskClockMs;
  next_ask_ms_ = now_ms + kAskGapMs;
  return true;
}

}  // namespace capmap
