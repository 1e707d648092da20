#include "controller/process.hpp"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "common/log.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kReservedDescriptors = 1'000;  ///< for HTTP, joins, the store, and connections that are being refused
constexpr std::uint64_t kFewDescriptors = 4'096;

}  // namespace

std::uint64_t raise_descriptor_limit(std::uint64_t asked) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return asked;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  // Where the limit is low, a quarter must do for all else.
  const auto room = limit.rlim_cur - std::min(kReservedDescriptors, limit.rlim_cur / 4);
  const auto most = asked == 0 ? room : std::min<std::uint64_t>(asked, room);
  log_info("descriptors", {{"limit", limit.rlim_cur}, {"agents_at_most", most}});
  if (limit.rlim_cur < kFewDescriptors) log_warn("descriptors_few", {{"limit", limit.rlim_cur}, {"fix", "raise LimitNOFILE of the unit"}});
  return most;
}

void keep_freed_memory() {
  mallopt(M_TOP_PAD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 16 << 20);  // once one of these is set, glibc no longer finds this by itself
}

void set_scheduling(int policy) {
  const sched_param no_priority{};
  if (sched_setscheduler(0, policy, &no_priority) != 0)
    log_info("scheduling", {{"what", "the policy stays what it was"}, {"errno", errno}});
}

std::string host_name() {
  char buffer[256] = {};
  return gethostname(buffer, sizeof buffer - 1) == 0 ? buffer : "localhost";
}

sigset_t block_stop_signals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGHUP);  // read files anew
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return stop;
}

int wait_for_signal(const sigset_t& signals, const Pulses& pulses, const Clock& clock) {
  constexpr std::uint64_t kLongestMs = 60'000;
  auto watchdog = Watchdog::from_environment();
  const auto turn_ms = watchdog.most_sleep_ms(kLongestMs) / 2;
  const timespec turn{.tv_sec = static_cast<time_t>(turn_ms / 1'000), .tv_nsec = static_cast<long>(turn_ms % 1'000) * 1'000'000};
  for (;;) {
    watchdog.feed(clock.boot_ms(), std::array{&pulses.ingest, &pulses.map, &pulses.http});
    if (const int signal_number = sigtimedwait(&signals, nullptr, &turn); signal_number > 0) return signal_number;
  }
}

}  // namespace capmap
