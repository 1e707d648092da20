#pragma once
#include <string>
#include <utility>

#include "common/result.hpp"

namespace capmap {

/// The lock of a state folder (flock on `lock`): held by the controller while it runs, and by commands that need it not to.
class StateLock {
 public:
  /// Errors: kUnavailable (somebody holds it), those of the file.
  static Result<StateLock> take(const std::string& directory);
  StateLock(StateLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  StateLock& operator=(StateLock&&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace capmap
