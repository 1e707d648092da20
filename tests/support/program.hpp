#pragma once
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace capmap::support {

/// One of our own programs (or any other) as a child process, output collected in a file. Killed by its own id when the object ends.
class Program {
 public:
  /// Starts arguments[0] with the rest; names without a slash are looked for in the build folder first. stdin is /dev/null.
  explicit Program(std::vector<std::string> arguments, std::vector<std::string> extra_environment = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Exit code (128 + signal when killed), or nothing when it still runs after the limit.
  std::optional<int> wait(std::chrono::milliseconds limit);
  [[nodiscard]] bool running();
  /// Everything it wrote to stdout and stderr so far.
  [[nodiscard]] std::string output() const;
  /// Waits until the output has `text`; false when it ended or the limit passed before.
  bool wait_for_output(const std::string& text, std::chrono::milliseconds limit);

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  std::string output_path_;
};

/// Runs a program to its end: exit code and output. Code 124 when it did not end in time.
struct Ran {
  int code = 124;
  std::string output;
};
Ran run(std::vector<std::string> arguments, std::chrono::milliseconds limit = std::chrono::seconds(30));

/// A new folder below /tmp, removed with all in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Asks again every 50 ms until it holds; false when the limit passed. A guard against hanging, not a measurement.
bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds limit);
/// eventually, for what a loaded machine does within half a minute: an agent's first use comes 10 s after its start.
bool soon(const std::function<bool()>& holds);

/// A TCP port on 127.0.0.1 that was free a moment ago.
int free_port();

/// Sends raw bytes to 127.0.0.1:port, then reads until the peer closes or the limit passes. Empty when nobody listens.
std::string talk(int port, const std::string& bytes, std::chrono::milliseconds limit = std::chrono::seconds(5));
/// Body of GET path on 127.0.0.1:port; empty unless the answer is 200.
std::string http_get(int port, const std::string& path);

}  // namespace capmap::support
