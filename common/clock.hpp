#pragma once
#include <cstdint>

namespace capmap {

/// Time as capmap uses it. Ages and deadlines are judged by boot_ms only; wall clock is for people and leases.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since boot, suspended time included (CLOCK_BOOTTIME). Never goes back.
  [[nodiscard]] virtual std::uint64_t boot_ms() const = 0;
  /// Milliseconds since 1970-01-01 UTC (CLOCK_REALTIME). May step.
  [[nodiscard]] virtual std::uint64_t unix_ms() const = 0;
};

/// The machine's clocks. Thread: any; no state.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t boot_ms() const override;
  [[nodiscard]] std::uint64_t unix_ms() const override;
};

/// A clock that moves only when told, for tests and simulations. Thread: one.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t boot_ms() const override { return boot_ms_; }
  [[nodiscard]] std::uint64_t unix_ms() const override { return unix_ms_; }
  void advance_ms(std::uint64_t step) {
    boot_ms_ += step;
    unix_ms_ += step;
  }
  void set_unix_ms(std::uint64_t value) { unix_ms_ = value; }

 private:
  std::uint64_t boot_ms_ = 1'000'000;
  std::uint64_t unix_ms_ = 1'700'000'000'000;
};

}  // namespace capmap
