#include "controller/ctl/run_program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/open_file.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxPrinted = 1 << 20;

}  // namespace

Result<Printed> run_program(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{ErrorCode::kUnavailable, std::string("no pipe: ") + std::strerror(errno)};
  const OpenFile out(ends[0]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT: argv is not written to
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (failed != 0) {
    return Error{failed == ENOENT ? ErrorCode::kAbsent : ErrorCode::kUnavailable, words[0] + ": " + std::strerror(failed)};
  }
  Printed printed;
  std::array<char, 4'096> part{};
  for (ssize_t read_bytes = 0; (read_bytes = read(out.fd(), part.data(), part.size())) != 0;) {
    if (read_bytes < 0 && errno != EINTR) break;
    if (read_bytes > 0 && printed.text.size() < kMaxPrinted) printed.text.append(part.data(), static_cast<std::size_t>(read_bytes));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  printed.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return printed;
}

}  // namespace capmap
