#pragma once
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/result.hpp"

namespace capmap {

/// How a child ended, and what it wrote to stdout.
struct ChildEnd {
  int exit_code = 0;  ///< 128 + signal when one ended it, as a shell says it
  std::string output;
  bool cut = false;  ///< it wrote more than kMaxChildOutputBytes; the rest was refused
};
inline constexpr std::size_t kMaxChildOutputBytes = 256 * 1024;

/// One run of capmap-probe: the only thing the agent starts. stdin is empty, stderr is ours. Never forced to end: it may sit inside a
/// driver, where a SIGKILL does harm; when its object goes, it is left to itself. One thread.
class ProbeChild {
 public:
  /// posix_spawn of `program` (looked up in PATH when it has no slash). Errors: kAbsent, kDenied, kFull (processes, descriptors).
  static Result<ProbeChild> start(const std::string& program, const std::vector<std::string>& arguments);

  /// Takes what waits; tells the end once, when the process is gone. Never blocks. Call when fd() can be read or a SIGCHLD came.
  std::optional<ChildEnd> poll();
  /// What was written since the last call, for one that speaks as it goes. Call behind poll().
  std::string take_output() { return std::exchange(output_, {}); }
  /// Asks it to end (SIGTERM): only for one that waits for that signal and minds its own calls.
  void ask_end() const;
  /// For waiting; -1 once the child closed its output.
  [[nodiscard]] int fd() const { return pipe_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  ProbeChild(ProbeChild&& other) noexcept;
  ProbeChild& operator=(ProbeChild&&) = delete;
  ~ProbeChild();

 private:
  ProbeChild(pid_t pid, int pipe) : pid_(pid), pipe_(pipe) {}
  void drain();
  void close_pipe();

  pid_t pid_;
  int pipe_;
  std::string output_;
  bool cut_ = false;
};

/// Runs a child to its end. Errors: those of start; kTimeout (it is left to itself).
Result<ChildEnd> run_child(const std::string& program, const std::vector<std::string>& arguments, std::uint32_t deadline_ms);

}  // namespace capmap
