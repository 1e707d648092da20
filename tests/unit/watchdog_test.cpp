#include "common/watchdog.hpp"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

namespace capmap {
namespace {

TEST_CASE("watchdog: fed while every thread turns, at most each quarter of its limit, and not while one hangs") {
  Watchdog watchdog(60'000);
  Pulse tick, uplink;
  const std::array<const Pulse*, 2> pulses = {&tick, &uplink};
  tick.beat(1'000'000);
  uplink.beat(1'000'000);
  CHECK(watchdog.feed(1'000'000, pulses));
  CHECK_FALSE(watchdog.feed(1'014'999, pulses));
  CHECK(watchdog.feed(1'015'000, pulses));
  tick.beat(1'031'000);
  CHECK_FALSE(watchdog.feed(1'031'000, pulses));  // the uplink was last seen to turn 31 s ago
  uplink.beat(1'031'500);
  CHECK(watchdog.feed(1'031'500, pulses));
}

TEST_CASE("watchdog: a thread that has not begun to turn is not taken for one that does") {
  Watchdog watchdog(60'000);
  const Pulse never;
  const std::array<const Pulse*, 1> pulses = {&never};
  CHECK_FALSE(watchdog.feed(1'000'000, pulses));
}

TEST_CASE("watchdog: a watched thread sleeps a third of the limit at most; where there is no watchdog, as long as it likes") {
  CHECK(Watchdog(60'000).most_sleep_ms(600'000) == 20'000);
  CHECK(Watchdog(60'000).most_sleep_ms(1'000) == 1'000);
  Watchdog off(0);
  CHECK(off.most_sleep_ms(600'000) == 600'000);
  CHECK_FALSE(off.feed(1'000'000, {}));
}

TEST_CASE("watchdog: what systemd says holds for the process it names, and nonsense is no watchdog") {
  const auto with = [](const char* microseconds, const char* pid) {
    setenv("WATCHDOG_USEC", microseconds, 1);
    pid == nullptr ? unsetenv("WATCHDOG_PID") : setenv("WATCHDOG_PID", pid, 1);
    const auto watchdog = Watchdog::from_environment();
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return watchdog;
  };
  const auto own = std::to_string(getpid());
  CHECK(with("60000000", nullptr).most_sleep_ms(UINT64_MAX) == 20'000);
  CHECK(with("60000000", own.c_str()).on());
  CHECK_FALSE(with("60000000", "1").on());
  for (const char* text : {"", "0", "99", "-1", "1s", "60000000 ", "99999999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(with(text, nullptr).on());
  }
  CHECK_FALSE(Watchdog::from_environment().on());
}

}  // namespace
}  // namespace capmap
