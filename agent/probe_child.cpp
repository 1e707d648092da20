#include "agent/probe_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "common/clock.hpp"

extern char** environ;

namespace capmap {
namespace {

constexpr int kLookAgainMs = 10;  ///< between two looks at a child that closed its output but has not ended

Error spawn_error(const std::string& program, int number) {
  const bool absent = number == ENOENT || number == ENOTDIR;
  const bool denied = number == EACCES || number == EPERM;
  const auto code = absent ? ErrorCode::kAbsent : denied ? ErrorCode::kDenied : ErrorCode::kFull;
  return {code, program + ": cannot be started: " + std::strerror(number)};
}

/// What a child starts with: our output end as stdout, no input, no blocked signal, default actions.
class SpawnPlan {
 public:
  explicit SpawnPlan(int output) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, output, STDOUT_FILENO);
    posix_spawnattr_init(&attributes_);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int run(pid_t& pid, const std::string& program, const std::vector<std::string>& arguments) {
    std::vector<char*> words = {const_cast<char*>(program.c_str())};
    for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    return posix_spawnp(&pid, program.c_str(), &files_, &attributes_, words.data(), environ);
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<ProbeChild> ProbeChild::start(const std::string& program, const std::vector<std::string>& arguments) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return spawn_error(program, errno);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  pid_t pid = -1;
  const int failed = SpawnPlan(ends[1]).run(pid, program, arguments);
  close(ends[1]);
  if (failed == 0) return ProbeChild(pid, ends[0]);
  close(ends[0]);
  return spawn_error(program, failed);
}

ProbeChild::ProbeChild(ProbeChild&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pipe_(std::exchange(other.pipe_, -1)), output_(std::move(other.output_)), cut_(other.cut_) {}

ProbeChild::~ProbeChild() {
  close_pipe();
}

void ProbeChild::close_pipe() {
  if (pipe_ >= 0) close(std::exchange(pipe_, -1));
}

void ProbeChild::ask_end() const {
  if (pid_ > 0) kill(pid_, SIGTERM);
}

void ProbeChild::drain() {
  char chunk[4096];
  while (pipe_ >= 0) {
    const ssize_t got = read(pipe_, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    cut_ = cut_ || (got > 0 && output_.size() + static_cast<std::size_t>(got) > kMaxChildOutputBytes);
    if (got <= 0 || cut_) return close_pipe();
    output_.append(chunk, static_cast<std::size_t>(got));
  }
}

std::optional<ChildEnd> ProbeChild::poll() {
  if (pid_ < 0) return std::nullopt;
  int status = 0;
  const bool ended = waitpid(pid_, &status, WNOHANG) == pid_;
  drain();  // after the look at the process: what it wrote before its end is there
  if (!ended) return std::nullopt;
  pid_ = -1;
  close_pipe();
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ChildEnd{.exit_code = code, .output = std::move(output_), .cut = cut_};
}

Result<ChildEnd> run_child(const std::string& program, const std::vector<std::string>& arguments, std::uint32_t deadline_ms) {
  auto child = ProbeChild::start(program, arguments);
  if (!child) return child.error();
  const SystemClock clock;
  const std::uint64_t deadline = clock.boot_ms() + deadline_ms;
  for (;;) {
    auto end = child->poll();
    if (end) return std::move(*end);
    const std::uint64_t now = clock.boot_ms();
    if (now >= deadline) return Error{ErrorCode::kTimeout, program + ": no end within " + std::to_string(deadline_ms) + " ms"};
    pollfd waiting{.fd = child->fd(), .events = POLLIN, .revents = 0};
    const auto left = static_cast<int>(std::min<std::uint64_t>(deadline - now, 1'000));
    ::poll(&waiting, 1, child->fd() >= 0 ? left : std::min(left, kLookAgainMs));
  }
}

}  // namespace capmap
