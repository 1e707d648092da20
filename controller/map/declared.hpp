#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/precision.hpp"

namespace capmap {

/// What a site's operator can say stands there; behind kPeak one a precision, in MFLOP/s or MOP/s.
enum class Declared : std::uint8_t { kNodes, kPackages, kCores, kAccelerators, kMemoryBytes, kStorageBytes, kPowerWatts, kPeak };
inline constexpr std::size_t kFirstDeclaredPeak = static_cast<std::size_t>(Declared::kPeak);
inline constexpr std::size_t kDeclaredCount = kFirstDeclaredPeak + kPrecisionCount;
/// As API, store and command line name them, with the unit at the end.
inline constexpr std::array<const char*, kDeclaredCount> kDeclaredNames = {"nodes",
                                                                           "packages",
                                                                           "cores",
                                                                           "accelerators",
                                                                           "memory_bytes",
                                                                           "storage_bytes",
                                                                           "power_watts",
                                                                           "peak_fp64_mflops",
                                                                           "peak_fp64_matrix_mflops",
                                                                           "peak_fp32_mflops",
                                                                           "peak_fp32_matrix_mflops",
                                                                           "peak_tf32_mflops",
                                                                           "peak_fp16_mflops",
                                                                           "peak_bf16_mflops",
                                                                           "peak_fp8_mflops",
                                                                           "peak_fp4_mflops",
                                                                           "peak_int8_mflops",
                                                                           "peak_int4_mflops"};
inline constexpr const char* kDeclaredModels = "accelerators_by_model";

/// What a site may declare at most: more is a slip of the keyboard.
inline constexpr std::uint64_t kMostDeclaredThings = 1'000'000'000, kMostDeclaredWatts = 100'000'000'000;
inline constexpr std::size_t kMostDeclaredModels = 64;
/// Bytes and peaks may pass 2^53, counts and watts do not, not summed over all sites either.
constexpr bool is_wide_figure(std::size_t figure) {
  return figure >= kFirstDeclaredPeak || figure == static_cast<std::size_t>(Declared::kMemoryBytes) ||
         figure == static_cast<std::size_t>(Declared::kStorageBytes);
}
constexpr std::uint64_t most_declared(std::size_t figure) {
  if (is_wide_figure(figure)) return INT64_MAX;
  return figure == static_cast<std::size_t>(Declared::kPowerWatts) ? kMostDeclaredWatts : kMostDeclaredThings;
}

/// Declared by an admin, never probed; absent = not declared, never 0. Checked by validate_declared.
struct DeclaredCapacity {
  std::array<std::optional<std::uint64_t>, kDeclaredCount> figures{};  ///< [figure], see kDeclaredNames
  std::map<std::string, std::uint64_t> accelerators_by_model;          ///< by name, as the map names models; may be some of them
  bool operator==(const DeclaredCapacity&) const = default;

  [[nodiscard]] const std::optional<std::uint64_t>& of(Declared figure) const { return figures[static_cast<std::size_t>(figure)]; }
  [[nodiscard]] bool empty() const {
    return accelerators_by_model.empty() &&
           std::none_of(figures.begin(), figures.end(), [](const auto& figure) { return figure.has_value(); });
  }
};

}  // namespace capmap
