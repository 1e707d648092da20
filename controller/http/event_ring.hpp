#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "common/result.hpp"
#include "controller/http/live_event.hpp"

namespace capmap {

/// "EPOCH-NUMBER": the epoch in 16 hex digits, which is another one after each start, and the event's number.
struct EventId {
  std::uint64_t epoch = 0, number = 0;
  bool operator==(const EventId&) const = default;
};
std::string to_text(const EventId& id);
/// Errors: kMalformed naming `name`.
Result<EventId> parse_event_id(const char* name, const std::string& text);

/// What was told last, for who is slow or was away: at most kMost events and kMostBytes of text, the oldest go first. Numbers grow by one.
/// Pure; one thread.
class EventRing {
 public:
  static constexpr std::size_t kMost = 8'192, kMostBytes = 8'388'608;

  /// An event as it goes out, in the lines of an event stream. `of_from`, `of_to`: see LiveEvent.
  struct Kept {
    LiveEvent event;
    std::uint64_t number = 0;
    [[nodiscard]] std::size_t bytes() const;
  };

  explicit EventRing(std::uint64_t epoch) : epoch_(epoch) {}

  /// Its texts become whole frames.
  void add(LiveEvent event);
  /// Something has happened that is not told: nobody can go on from before this.
  void break_off();
  /// The number of the newest; 0: there was none.
  [[nodiscard]] std::uint64_t newest() const { return newest_; }
  [[nodiscard]] EventId id_of(std::uint64_t number) const { return {epoch_, number}; }
  /// Who has been told everything up to this one can be told what came after it.
  [[nodiscard]] bool reaches(std::uint64_t number) const { return number <= newest_ && number + kept_.size() >= newest_; }
  /// reaches(number - 1) and number <= newest().
  [[nodiscard]] const Kept& at(std::uint64_t number) const { return kept_[number - (newest_ - kept_.size()) - 1]; }
  [[nodiscard]] std::size_t size() const { return kept_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::uint64_t epoch_, newest_ = 0;
  std::size_t bytes_ = 0;
  std::deque<Kept> kept_;
};

/// "id: …", "event: …" and "data: …" with the empty line behind; `data` is one line.
std::string event_frame(const std::string& id, const char* word, const std::string& data);

}  // namespace capmap
