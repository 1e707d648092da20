#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace capmap {

/// A call that is made in a thread of its own, one at a time, asked for by one other thread. The thread ends with the object, which
/// waits for the call to come back: a call inside a driver or a file system is never abandoned by ending its process.
class OneCall {
 public:
  OneCall();
  ~OneCall();
  OneCall(const OneCall&) = delete;
  OneCall& operator=(const OneCall&) = delete;

  /// Runs `call` in the thread. Only when idle().
  void ask(std::function<void()> call, std::uint64_t now_ms);
  [[nodiscard]] bool idle() const;
  /// When the call that runs now was asked for; nothing when idle.
  [[nodiscard]] std::optional<std::uint64_t> since_ms() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::thread thread_;
};

}  // namespace capmap
