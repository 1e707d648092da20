#include "common/watchdog.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "common/sd_notify.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kLeastMs = 100, kMostMs = 86'400'000;

std::optional<std::uint64_t> number_of(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  const std::string_view text(value);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace

Watchdog Watchdog::from_environment() {
  const auto limit_us = number_of("WATCHDOG_USEC");
  const bool ours = std::getenv("WATCHDOG_PID") == nullptr || number_of("WATCHDOG_PID") == static_cast<std::uint64_t>(getpid());
  if (!limit_us || !ours || *limit_us / 1'000 < kLeastMs) return Watchdog(0);
  return Watchdog(std::min(*limit_us / 1'000, kMostMs));
}

std::uint64_t Watchdog::most_sleep_ms(std::uint64_t otherwise) const {
  return on() ? std::min(limit_ms_ / 3, otherwise) : otherwise;
}

bool Watchdog::feed(std::uint64_t now_ms, std::span<const Pulse* const> pulses) {
  if (!on() || (fed_ms_ != 0 && now_ms < fed_ms_ + limit_ms_ / 4)) return false;
  const bool all = std::ranges::all_of(pulses, [&](const Pulse* pulse) { return pulse->beat_ms() + limit_ms_ / 2 >= now_ms; });
  if (!all) return false;
  fed_ms_ = now_ms;
  notify_systemd("WATCHDOG=1");
  return true;
}

}  // namespace capmap
