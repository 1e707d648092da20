#pragma once
#include <memory>
#include <mutex>
#include <utility>

namespace capmap {

/// One writer publishes an immutable value; any thread takes the newest. The only shared state between threads.
/// take() may return null before the first publish(). A taken value stays valid as long as it is held.
template <class T>
class Published {
 public:
  void publish(std::shared_ptr<const T> next) {
    const std::lock_guard hold(mutex_);
    value_.swap(next);  // the old value is released after the lock, with `next`
  }
  [[nodiscard]] std::shared_ptr<const T> take() const {
    const std::lock_guard hold(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
};

}  // namespace capmap
