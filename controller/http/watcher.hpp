#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "controller/http/byte_stream.hpp"
#include "controller/http/event_ring.hpp"
#include "controller/http/standing.hpp"
#include "controller/http/watch_channel.hpp"

namespace capmap {

class Watchers;

/// One who watches /v1/events. It holds no events of its own but the one that is going out: it has a place in the ring, and where the ring
/// has gone past that it is told to read anew. Of the http thread alone.
class Watcher final : public ByteStream {
 public:
  struct Begin {
    std::shared_ptr<WatchChannel> channel;
    EventKindSet kinds;
    Standing standing;
    std::string asker;       ///< whose it is, of those whose number is bounded
    std::string head;        ///< goes out first
    std::uint64_t told = 0;  ///< number of the event that it has been told of last
    bool follow = true;      ///< false: it ends when all is told
  };
  Watcher(Watchers& all, Begin begin) : all_(all), begin_(std::move(begin)), told_tick_(begin_.channel->tick()) {}

  void begun(std::uint64_t number) override;
  std::size_t fill(char* to, std::size_t most) override;
  [[nodiscard]] bool over() const override { return ending_ && rest_.empty(); }
  void ended() override;

  /// True: there is something for it to be told.
  bool look();
  /// That is the last it is told.
  void end(const std::string& why);
  /// When something went out last.
  [[nodiscard]] std::uint64_t written_ms() const { return written_ms_; }
  void ping() { ping_ = true; }
  [[nodiscard]] bool ending() const { return ending_; }
  [[nodiscard]] const Standing& standing() const { return begin_.standing; }
  [[nodiscard]] const std::string& asker() const { return begin_.asker; }
  [[nodiscard]] const std::shared_ptr<WatchChannel>& channel() const { return begin_.channel; }
  [[nodiscard]] bool wants_totals() const { return begin_.kinds[static_cast<std::size_t>(EventKind::kMapTotals)]; }

 private:
  /// The next event that it is to be told of goes to rest_; false: there is none.
  bool take_event(const EventRing& ring);
  bool take_totals(const EventRing& ring);

  Watchers& all_;
  Begin begin_;
  std::uint64_t number_ = 0, written_ms_ = 0, told_tick_ = 0;
  std::string rest_;
  std::size_t rest_at_ = 0;
  bool ping_ = false, ending_ = false;
};

}  // namespace capmap
