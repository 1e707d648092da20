#pragma once
#include <atomic>
#include <cstdint>
#include <span>

namespace capmap {

/// A thread's sign that its loop turns. That thread beats at each turn; another one reads.
class Pulse {
 public:
  void beat(std::uint64_t now_ms) { beat_ms_.store(now_ms, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t beat_ms() const { return beat_ms_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> beat_ms_{0};
};

/// Feeds systemd's watchdog (WatchdogSec=) for threads that all must turn: while one of them hangs it is not fed, and systemd begins the
/// service anew. Off where systemd did not ask. Thread: one.
class Watchdog {
 public:
  /// `limit_ms` without food and the service is ended; 0 = off.
  explicit Watchdog(std::uint64_t limit_ms) : limit_ms_(limit_ms) {}
  /// By WATCHDOG_USEC and WATCHDOG_PID. What has no meaning, or is another process's, is off.
  static Watchdog from_environment();

  [[nodiscard]] bool on() const { return limit_ms_ != 0; }
  /// How long a watched thread may sleep on end: a third of the limit, or `otherwise` where that is shorter.
  [[nodiscard]] std::uint64_t most_sleep_ms(std::uint64_t otherwise) const;
  /// Tells systemd, at most each quarter of the limit, that every pulse was beaten within the last half of it. True when it was told.
  bool feed(std::uint64_t now_ms, std::span<const Pulse* const> pulses);

 private:
  std::uint64_t limit_ms_;
  std::uint64_t fed_ms_ = 0;
};

}  // namespace capmap
