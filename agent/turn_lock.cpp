#include "agent/turn_lock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "agent/fields.hpp"
#include "common/clock.hpp"

namespace capmap {
namespace {

constexpr int kLookEveryMs = 20;
constexpr std::uint64_t kPatienceMs = 2'000;  ///< for one that is about to end
constexpr mode_t kMode = 0600;

std::string path_of(const std::string& state, const std::string& name) {
  return state + "/" + name + ".lock";
}

Error lock_error(const std::string& path, int number) {
  const bool denied = number == EACCES || number == EPERM || number == EROFS || number == ELOOP;
  const bool full = number == ENOSPC || number == EMFILE || number == ENFILE;
  return {denied ? ErrorCode::kDenied : full ? ErrorCode::kFull : ErrorCode::kAbsent, path + ": " + std::strerror(number)};
}

int pid_in(int file) {
  std::array<char, 16> text{};
  const ssize_t length = pread(file, text.data(), text.size(), 0);
  std::string_view rest(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const auto pid = to_number(take_line(rest));
  return pid && *pid > 0 && *pid < 1 << 30 ? static_cast<int>(*pid) : 0;
}

}  // namespace

Result<TurnLock> TurnLock::take(const std::string& state, const std::string& name, std::uint64_t patience_ms) {
  const auto path = path_of(state, name);
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (file < 0) return lock_error(path, errno);
  TurnLock lock(file);
  const SystemClock clock;
  const auto until_ms = clock.boot_ms() + patience_ms;
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return lock_error(path, errno);
    if (clock.boot_ms() >= until_ms) {
      const int holder = pid_in(file);
      return Error{ErrorCode::kUnavailable,
                   "process " + (holder == 0 ? "of an earlier run" : std::to_string(holder) + " of an earlier run") +
                       " has not ended: it still sits inside a driver or a file system; nothing is started beside it"};
    }
    ::poll(nullptr, 0, kLookEveryMs);
  }
  const auto pid = std::to_string(getpid()) + "\n";
  // For people: the lock itself is what holds, also where the disk is full.
  [[maybe_unused]] const bool noted = ftruncate(file, 0) == 0 && pwrite(file, pid.data(), pid.size(), 0) > 0;
  return lock;
}

TurnLock::~TurnLock() {
  if (fd_ >= 0) close(fd_);
}

bool wait_for_turn(const std::string& state, const char* name, std::optional<TurnLock>& turn) {
  auto taken = TurnLock::take(state, name, kPatienceMs);
  if (taken) {
    turn.emplace(std::move(*taken));
    return true;
  }
  std::fprintf(stderr, "capmap-probe %s: %s\n", name, taken.error().what.c_str());
  return taken.error().code != ErrorCode::kUnavailable;
}

int turn_holder(const std::string& state, const std::string& name) {
  const int file = open(path_of(state, name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return 0;
  const bool held = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  const int holder = held ? pid_in(file) : 0;
  close(file);
  return holder;
}

}  // namespace capmap
