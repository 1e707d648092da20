#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

/// What a caller may ask for; each costs its own columns alone. The largest block that fits on one node stands beside every free sum.
enum class Measure : std::uint8_t {
  kNodes,
  kCpu,
  kCpuUse,
  kMemory,
  kMemoryUse,
  kAccelerators,
  kAcceleratorUse,
  kAcceleratorModels,
  kStorage,
  kStorageUse,
  kNetwork,
  kNetworkUse,
  kHealth,  ///< of hardware that is asked for: on healthy and on available nodes
  kPower,
  kAge,
  kUnrated,
  kUnratedWhy,
  kPeakFp64,
  kPeakFp64Matrix,
  kPeakFp32,
  kPeakFp32Matrix,
  kPeakTf32,
  kPeakFp16,
  kPeakBf16,
  kPeakFp8,
  kPeakFp4,
  kPeakInt8,
  kPeakInt4
};
inline constexpr std::size_t kMeasureCount = 28;
inline constexpr std::array<const char*, kMeasureCount> kMeasureNames = {"nodes",
                                                                         "cpu",
                                                                         "cpu_use",
                                                                         "memory",
                                                                         "memory_use",
                                                                         "accelerators",
                                                                         "accelerator_use",
                                                                         "accelerator_models",
                                                                         "storage",
                                                                         "storage_use",
                                                                         "network",
                                                                         "network_use",
                                                                         "health",
                                                                         "power",
                                                                         "age",
                                                                         "unrated",
                                                                         "unrated_why",
                                                                         "peak_fp64",
                                                                         "peak_fp64_matrix",
                                                                         "peak_fp32",
                                                                         "peak_fp32_matrix",
                                                                         "peak_tf32",
                                                                         "peak_fp16",
                                                                         "peak_bf16",
                                                                         "peak_fp8",
                                                                         "peak_fp4",
                                                                         "peak_int8",
                                                                         "peak_int4"};
/// FP64 of matrix units, else of vector units: a bit behind the words, for those who name it; questions of all measures do not pay for it.
inline constexpr std::size_t kRpeakBit = kMeasureCount;
using Measures = std::bitset<kMeasureCount + 1>;
/// What sites declare is no measure of cells: it is summed over sites, and only for who asks.
inline constexpr std::string_view kDeclaredWord = "declared";
struct AskedMeasures {
  Measures of_cells;
  bool declared = false;
};
/// "cpu,peak_fp16,declared" -> measures; empty text -> all of cells; declared alone -> nodes beside it. Errors: kMalformed naming the
/// word, with the known ones.
Result<AskedMeasures> parse_measures(std::string_view text);
inline Measures all_measures() {
  return Measures().set().reset(kRpeakBit);
}

}  // namespace capmap
