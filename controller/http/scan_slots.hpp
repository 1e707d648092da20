#pragma once
#include <cstddef>
#include <memory>

namespace capmap {

/// How many scans of all nodes may go on at once: each makes the map thread hand out every row. Thread: http.
class ScanSlots {
 public:
  static constexpr std::size_t kMost = 4;
  /// A slot is free again when its holder lets it go.
  using Slot = std::shared_ptr<std::size_t>;
  /// Null where all are taken.
  Slot take() {
    if (*taken_ >= kMost) return nullptr;
    ++*taken_;
    return Slot(taken_.get(), [taken = taken_](const std::size_t*) { --*taken; });
  }

 private:
  std::shared_ptr<std::size_t> taken_ = std::make_shared<std::size_t>(0);
};

}  // namespace capmap
