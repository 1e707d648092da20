// Descriptors held back, so that somebody is still let in when all others are taken.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

namespace capmap {

/// Descriptors of /dev/null, each there to be given up for another that is wanted at once. One thread's.
class SpareDescriptors {
 public:
  explicit SpareDescriptors(std::size_t most) : most_(most) { refill(); }
  SpareDescriptors(const SpareDescriptors&) = delete;
  SpareDescriptors& operator=(const SpareDescriptors&) = delete;
  ~SpareDescriptors() {
    while (give_up()) {
    }
  }

  /// Takes what is missing, as far as the system has any left.
  void refill() {
    while (held_.size() < most_) {
      const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
      if (fd < 0) return;
      held_.push_back(fd);
    }
  }
  /// One descriptor of the process is free now, for whoever asks first; false: none is held.
  bool give_up() {
    if (held_.empty()) return false;
    close(held_.back());
    held_.pop_back();
    return true;
  }
  [[nodiscard]] std::size_t held() const { return held_.size(); }

 private:
  std::size_t most_;
  std::vector<int> held_;
};

}  // namespace capmap
