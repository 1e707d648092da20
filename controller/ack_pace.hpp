#pragma once
#include <cstdint>

namespace capmap {

/// The interval that acks give, longer while the map cannot keep up with what comes: in steps up to six times the given one, and back
/// one step at a time when it has kept up for three intervals, so that each node hears of every step down in time and is not called
/// stale for having slept by an older word. Pure; owned by the map thread. Times are boot_ms.
class AckPace {
 public:
  static constexpr std::uint64_t kLookMs = 1'000;    ///< between two looks
  static constexpr std::uint64_t kBehindMs = 1'000;  ///< a batch waited so long: behind
  static constexpr std::uint64_t kCalmMs = 200;      ///< no batch waited so long: keeping up
  static constexpr std::uint32_t kLooksBehind = 2;   ///< in a row; one alone may be a pause of the whole process
  static constexpr std::uint32_t kCalmIntervals = 3;

  explicit AckPace(std::uint32_t given_ms) : given_ms_(given_ms) {}
  /// A batch waited so long for its turn.
  void waited(std::uint64_t ms) { worst_ms_ = ms > worst_ms_ ? ms : worst_ms_; }
  /// Acks had to be dropped.
  void dropped() { dropped_ = true; }
  /// To be called often; judges what was told since the look before. True: interval_ms() is another now.
  bool look(std::uint64_t now_ms);
  [[nodiscard]] std::uint32_t interval_ms() const;
  /// The longest wait of a batch between the last two looks.
  [[nodiscard]] std::uint64_t lag_ms() const { return lag_ms_; }

 private:
  std::uint32_t given_ms_;
  std::uint32_t step_ = 0, looks_behind_ = 0;
  std::uint64_t worst_ms_ = 0, lag_ms_ = 0, looked_ms_ = 0, changed_ms_ = 0, calm_since_ms_ = 0;
  bool dropped_ = false;
};

}  // namespace capmap
