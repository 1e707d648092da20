#pragma once
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace capmap {

/// A fresh seed, or the one of a failed run (CAPMAP_SEED); printed, so that a failure can be had again.
inline std::uint64_t run_seed() {
  const char* given = std::getenv("CAPMAP_SEED");
  const std::uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "seed " << value << "\n";
  return value;
}

}  // namespace capmap
