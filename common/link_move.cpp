#include "common/link_move.hpp"

#include <algorithm>
#include <utility>

#include "common/ids.hpp"
#include "common/log.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kOpenMs = 10'000;   ///< a handshake beside the link in use; nobody waits for it
constexpr std::uint64_t kProveMs = 4'000;   ///< a node is fresh for longer than two intervals
constexpr std::uint64_t kAgainMs = 15'000;  ///< and up to twice as long

}  // namespace

void LinkMove::plan(std::uint16_t port, std::uint32_t within_ms, std::uint64_t now_ms) {
  if (stage_ != Stage::kIdle && port == port_) return;
  cancel();
  port_ = port;
  stage_ = Stage::kPlanned;
  until_ms_ = now_ms + random_u64() % std::max<std::uint64_t>(within_ms, 1);
}

void LinkMove::cancel() {
  stage_ = Stage::kIdle;
  beside_.reset();
}

void LinkMove::again_later(std::uint64_t now_ms) {
  beside_.reset();
  stage_ = Stage::kPlanned;
  until_ms_ = now_ms + kAgainMs + random_u64() % kAgainMs;
}

void LinkMove::begin(zmq::context_t& context, const DealerOptions& options, std::uint64_t now_ms) {
  auto opened = open_watched_dealer(context, options);
  if (!opened) {
    log_warn("link_not_moved", {{"to", options.endpoint}, {"what", opened.error().what}});
    return again_later(now_ms);
  }
  beside_.emplace(std::move(*opened));
  stage_ = Stage::kOpening;
  until_ms_ = now_ms + kOpenMs;
}

LinkMove::Step LinkMove::turn(std::optional<WatchedDealer>& link, std::uint64_t now_ms) {
  if (stage_ != Stage::kOpening && stage_ != Stage::kProving) return Step::kNone;
  const auto swap = [&] {
    std::optional<WatchedDealer> other(std::move(link));
    link.reset();
    link.emplace(std::move(*beside_));
    beside_.reset();
    if (other) beside_.emplace(std::move(*other));
  };
  if (stage_ == Stage::kProving) {
    if (now_ms < until_ms_) return Step::kNone;
    if (!beside_) {
      cancel();
      return Step::kNone;
    }
    swap();
    again_later(now_ms);
    return Step::kBack;
  }
  std::string detail;
  for (;;) {
    switch (beside_->monitor.next(detail)) {
      case LinkEvent::kNone:
        if (now_ms >= until_ms_) again_later(now_ms);
        return Step::kNone;
      case LinkEvent::kConnected: break;
      case LinkEvent::kReady:
        swap();
        stage_ = Stage::kProving;
        until_ms_ = now_ms + kProveMs;
        return Step::kSwitched;
      case LinkEvent::kDisconnected:
      case LinkEvent::kRetrying:
      case LinkEvent::kRefused:
      case LinkEvent::kHandshakeFailed: again_later(now_ms); return Step::kNone;
    }
  }
}

bool LinkMove::answered() {
  if (stage_ != Stage::kProving) return false;
  cancel();
  return true;
}

}  // namespace capmap
