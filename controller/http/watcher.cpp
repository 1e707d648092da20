#include "controller/http/watcher.hpp"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/watchers.hpp"

namespace capmap {

void Watcher::begun(std::uint64_t number) {
  number_ = number;
  written_ms_ = all_.now_ms();
  all_.add(number, *this);
}

void Watcher::ended() {
  if (number_ != 0) all_.remove(number_, *this);
  number_ = 0;
}

std::size_t Watcher::fill(char* to, std::size_t most) {
  std::size_t put = 0;
  while (put < most && look()) {
    const auto part = std::min(most - put, rest_.size() - rest_at_);
    std::memcpy(to + put, rest_.data() + rest_at_, part);
    put += part;
    rest_at_ += part;
    if (rest_at_ < rest_.size()) break;
    rest_ = std::string();  // an idle one keeps no room
    rest_at_ = 0;
  }
  if (put > 0) written_ms_ = all_.now_ms();
  return put;
}

bool Watcher::look() {
  if (!rest_.empty()) return true;
  if (ending_) return false;
  if (!begin_.head.empty()) {
    rest_ = std::exchange(begin_.head, std::string());
    return true;
  }
  const EventRing& ring = all_.ring();
  if (!ring.reaches(begin_.told)) {
    begin_.told = ring.newest();
    told_tick_ = 0;
    all_.count_resync();
    rest_ = all_.resync_frame("more has happened since than is kept, or at once than is told");
    return true;
  }
  if (take_event(ring) || take_totals(ring)) return true;
  if (!begin_.follow) {
    ending_ = true;
    return false;
  }
  if (std::exchange(ping_, false)) rest_ = ": ping\n\n";
  return !rest_.empty();
}

bool Watcher::take_event(const EventRing& ring) {
  while (begin_.told < ring.newest()) {
    const auto& kept = ring.at(++begin_.told);
    if (!begin_.kinds[static_cast<std::size_t>(kept.event.kind)]) continue;
    const auto* const text = told_text(kept.event, begin_.channel->part());
    if (text == nullptr) continue;
    rest_ = *text;
    return true;
  }
  return false;
}

bool Watcher::take_totals(const EventRing& ring) {
  const auto tick = begin_.channel->tick();
  if (!wants_totals() || tick == told_tick_) return false;
  const auto id = to_text(ring.id_of(begin_.told));
  rest_ = event_frame(id, to_word(EventKind::kMapTotals), begin_.channel->totals_text(told_tick_));
  told_tick_ = tick;
  return true;
}

void Watcher::end(const std::string& why) {
  if (ending_) return;
  // What is half out goes out whole, so that the last word can be read.
  rest_ = rest_.substr(rest_at_) + "event: end\ndata: " + json_text({{"kind", "end"}, {"why", why}}) + "\n\n";
  rest_at_ = 0;
  ending_ = true;
}

}  // namespace capmap
