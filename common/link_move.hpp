#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "common/transport.hpp"

namespace capmap {

/// How a link goes over to another of the server's ports and nobody misses a message meanwhile: the new connection is made beside the one
/// in use, takes its place once its handshake is done, and the old one is closed only when the controller has answered over the new.
/// Where that does not come about the old one is used on, and it is tried again later. The uplink thread's.
class LinkMove {
 public:
  enum class Step : unsigned char { kNone, kSwitched, kBack };

  /// Go to that port at a moment within this time; a plan that stands for the same port is kept.
  void plan(std::uint16_t port, std::uint32_t within_ms, std::uint64_t now_ms);
  /// Nothing is planned any more, and what was begun is closed: the link in use is gone, or is where it should be.
  void cancel();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool is_due(std::uint64_t now_ms) const { return stage_ == Stage::kPlanned && now_ms >= until_ms_; }
  /// When a turn is wanted at the latest; UINT64_MAX: nothing is planned.
  [[nodiscard]] std::uint64_t next_ms() const { return stage_ == Stage::kIdle ? UINT64_MAX : until_ms_; }
  /// The monitor to wait for, while there is one.
  zmq::socket_t* monitor() { return stage_ == Stage::kOpening ? &beside_->monitor.socket() : nullptr; }

  /// Begins the new connection; a failure is tried again later.
  void begin(zmq::context_t& context, const DealerOptions& options, std::uint64_t now_ms);
  /// Follows it. kSwitched: `link` is the new one, ready. kBack: `link` is the old one again.
  Step turn(std::optional<WatchedDealer>& link, std::uint64_t now_ms);
  /// The controller has answered over the link in use. True: that ends the move.
  bool answered();

 private:
  enum class Stage : unsigned char { kIdle, kPlanned, kOpening, kProving };
  void again_later(std::uint64_t now_ms);

  Stage stage_ = Stage::kIdle;
  std::uint16_t port_ = 0;
  std::uint64_t until_ms_ = 0;           ///< when it begins; then until when it may take
  std::optional<WatchedDealer> beside_;  ///< opening: the new one; proving: the old one
};

}  // namespace capmap
