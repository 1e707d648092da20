#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/result.hpp"

namespace capmap {

/// What a sampler ends with when one of an earlier run of the agent is still there.
inline constexpr int kEarlierRunExit = 4;

/// One process at a time does a thing, over all runs of the agent: flock on <state>/NAME.lock, held until the process is gone for good. One
/// that hangs inside a driver holds it, so that no restart of the service starts a second one beside it.
class TurnLock {
 public:
  /// Waits up to `patience_ms` for one that is about to end. Errors: kUnavailable (another holds it; says its process), kDenied, kFull,
  /// kAbsent (no such folder, and what else a file system may say).
  static Result<TurnLock> take(const std::string& state, const std::string& name, std::uint64_t patience_ms);
  TurnLock(TurnLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  TurnLock& operator=(TurnLock&&) = delete;
  ~TurnLock();

 private:
  explicit TurnLock(int fd) : fd_(fd) {}
  int fd_;
};

/// For `capmap-probe NAME` before it begins. False when one of an earlier run does not end within two seconds: then stderr says so, and it
/// ends with kEarlierRunExit. A lock that cannot be had for another reason (no folder, no space) is told and keeps nothing from working.
bool wait_for_turn(const std::string& state, const char* name, std::optional<TurnLock>& turn);

/// The process that holds it; 0 where none does or it cannot be told.
int turn_holder(const std::string& state, const std::string& name);

}  // namespace capmap
