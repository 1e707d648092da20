#pragma once
#include <unistd.h>

#include <utility>

namespace capmap {

/// A file descriptor that closes itself; below 0: none. Not for a file that was written and must be known to be whole: close() may tell
/// that it is not, and here nobody hears it. One thread.
class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace capmap
