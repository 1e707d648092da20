#include "common/clock.hpp"

#include <ctime>

namespace capmap {
namespace {

std::uint64_t read_ms(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000U + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000U;
}

}  // namespace

std::uint64_t SystemClock::boot_ms() const {
  return read_ms(CLOCK_BOOTTIME);
}
std::uint64_t SystemClock::unix_ms() const {
  return read_ms(CLOCK_REALTIME);
}

}  // namespace capmap
