#pragma once
#include <cstdint>
#include <unordered_map>

#include "controller/map/node_table.hpp"

namespace capmap {

/// What is noted of nodes whose key spoke for two runs, that repeated old messages, or whose clock was wrong when they said hello: only
/// they cost anything here. Owned by the map; one thread; pure. Times are boot_ms.
class ConductNotes {
 public:
  /// Each run of two speaks so often again after the other, within so many intervals: one key at two places. Who restarts is a new run
  /// each time.
  static constexpr std::uint32_t kCloneTurns = 3, kCloneIntervals = 4;
  /// So many messages within a minute that were said before, or that come faster than anybody's own pace: somebody repeats them.
  static constexpr std::uint32_t kMostRepeated = 20;
  static constexpr std::uint64_t kMinuteMs = 60'000, kReplayMarkMs = 10 * kMinuteMs;
  /// Whose clock is wrong is asked for another hello so often, and all of them together one each kAskGapMs.
  static constexpr std::uint64_t kAskClockMs = 3 * kMinuteMs, kAskGapMs = 10;

  struct Marks {
    bool clone = false, replay = false;
    bool operator==(const Marks&) const = default;
  };

  [[nodiscard]] bool empty() const { return notes_.empty(); }
  [[nodiscard]] bool has(RowIndex row) const { return notes_.contains(row); }
  /// A run said hello after another: by itself no more than a restart.
  void run_changed(RowIndex row, std::uint64_t new_run, std::uint64_t now_ms);
  /// A message of a run that was followed by another, and is not taken.
  void old_run(RowIndex row, std::uint64_t run, std::uint32_t seq, std::uint64_t now_ms, std::uint32_t interval_ms);
  /// A message of the run that is spoken with, whose number is not new.
  void old_seq(RowIndex row, std::uint64_t now_ms);
  /// The newest message of the run that is spoken with.
  void next(RowIndex row, std::uint64_t run, std::uint64_t now_ms, std::uint32_t interval_ms);
  /// What the node is marked with. A clone is marked as one until one run alone has spoken for calm_ms (and held longer: see CloneTable).
  /// Forgets what says no more.
  Marks marks(RowIndex row, std::uint64_t now_ms, std::uint64_t calm_ms);

  void clock_wrong(RowIndex row, bool wrong, std::uint64_t now_ms);
  /// True when the node is to say hello once more; not again soon.
  bool ask_for_clock(RowIndex row, std::uint64_t now_ms);
  void forget(RowIndex row) { notes_.erase(row); }

 private:
  struct Note {
    std::uint64_t speaker = 0;  ///< run of the newest message; 0 = not noted
    std::uint64_t since_ms = 0, changed_ms = 0;
    std::uint32_t changes = 0;  ///< of speaker, to one that had spoken before, since since_ms
    std::uint64_t other_run = 0, other_ms = 0;
    std::uint32_t other_seq = 0, repeated = 0;
    std::uint64_t repeated_since_ms = 0, replay_until_ms = 0, ask_at_ms = 0;  ///< 0 = no
    bool clone = false;
  };
  static void speaks(Note& note, std::uint64_t run, std::uint64_t now_ms, std::uint32_t interval_ms);
  static void repeats(Note& note, std::uint64_t now_ms);

  std::unordered_map<RowIndex, Note> notes_;
  std::uint64_t next_ask_ms_ = 0;
};

}  // namespace capmap
