#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "common/clock.hpp"
#include "controller/alerts.hpp"
#include "controller/http/event_ring.hpp"
#include "controller/http/event_watch.hpp"
#include "controller/http/gate.hpp"
#include "controller/http/watcher.hpp"
#include "controller/metrics.hpp"

namespace capmap {

/// All who watch /v1/events, and what they are told. Of the http thread alone: nothing here waits, and each turn does a bounded part, so
/// that other readers are answered between two of them.
class Watchers {
 public:
  static constexpr std::size_t kLeftForOthers = 250;  ///< of kMostStreams: no one asker may hold these too
  static constexpr std::uint64_t kPingEveryMs = 15'000, kTotalsEveryMs = 1'000, kSweepEveryMs = 250;
  static constexpr std::size_t kWakesATurn = 128;
  static constexpr std::size_t kSitesATurn = 200'000;  ///< looked at for totals

  Watchers(const Gate& gate, const Clock& clock);
  Watchers(const Watchers&) = delete;
  Watchers& operator=(const Watchers&) = delete;

  /// Where somebody wants to begin.
  struct From {
    std::optional<EventId> last{};  ///< the event that they were told of last
    bool oldest = false;            ///< with the oldest that is kept
    bool follow = true;             ///< false: until what has happened is told
  };
  /// The answer to who asks to watch. 503 where there are too many.
  HttpResponse open(WatchQuestion question, Standing standing, const std::string& address, const std::shared_ptr<const MapView>& view,
                    From from);
  /// Finds what is new, where the view is another one than before.
  void look(const std::shared_ptr<const MapView>& view);
  void take(const Alert& alert);
  /// What is due: at most kWakesATurn connections that have something to be written.
  std::vector<std::uint64_t> turn();
  /// There is more to do at once.
  [[nodiscard]] bool busy() const { return !to_wake_.empty() || !to_sum_.empty(); }
  [[nodiscard]] bool any() const { return !watchers_.empty(); }
  /// Ends all of them, and lets nobody in any more; they are to be woken.
  std::vector<std::uint64_t> end_all(const std::string& why);
  [[nodiscard]] Metrics metrics() const;

  // For a Watcher.
  void add(std::uint64_t number, Watcher& watcher);
  void remove(std::uint64_t number, Watcher& watcher);
  [[nodiscard]] const EventRing& ring() const { return ring_; }
  [[nodiscard]] std::uint64_t now_ms() const { return clock_.boot_ms(); }
  [[nodiscard]] std::string resync_frame(const std::string& why) const;
  void count_resync() { ++resyncs_; }

 private:
  std::shared_ptr<WatchChannel> channel_of(const WatchedPart& part);
  [[nodiscard]] std::string head_frame(const WatchQuestion& question, const WatchChannel& channel, const MapView& view,
                                       const std::optional<EventId>& last, bool resumed) const;
  void sum_sites(const std::shared_ptr<const MapView>& view);
  void sum_channels();
  void sweep();
  void wake_all();

  const Gate& gate_;
  const Clock& clock_;
  EventWatch watch_;
  EventRing ring_;
  std::shared_ptr<const MapView> view_;
  std::unordered_map<std::uint64_t, Watcher*> watchers_;  ///< by the number of their connection
  std::unordered_map<std::string, std::size_t> by_asker_;
  std::map<std::string, std::weak_ptr<WatchChannel>> channels_;  ///< by key_of() their part
  SiteTotals totals_;
  std::uint64_t totals_at_ms_ = 0, swept_at_ms_ = 0, sweeps_ = 0;
  std::size_t totals_wanted_ = 0;  ///< watchers that want them
  std::deque<std::uint64_t> to_wake_;
  bool stopping_ = false;
  bool wake_again_ = false;  ///< something came while they were being woken
  std::deque<std::weak_ptr<WatchChannel>> to_sum_;
  std::uint64_t resyncs_ = 0, refused_ = 0, opened_ = 0, turned_out_ = 0, gaps_ = 0;
};

}  // namespace capmap
