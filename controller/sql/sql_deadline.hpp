#pragma once
#include <atomic>
#include <cstdint>

#include "common/clock.hpp"

namespace capmap {

/// When a statement has to end.
struct SqlDeadline {
  const Clock& clock;
  std::uint64_t until_boot_ms = 0;
  const std::atomic<bool>* stop = nullptr;  ///< true: at once, because the program ends; null: nobody says so
  [[nodiscard]] bool passed() const { return clock.boot_ms() >= until_boot_ms || (stop != nullptr && stop->load()); }
};

}  // namespace capmap
