#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace capmap {

/// The one list of precisions: catalog, wire, map, API, SQL and screen use it in this order. Never converted into each other.
enum class Precision : std::uint8_t { kFp64, kFp64Matrix, kFp32, kFp32Matrix, kTf32, kFp16, kBf16, kFp8, kFp4, kInt8, kInt4 };
inline constexpr std::size_t kPrecisionCount = 11;
inline constexpr std::array<const char*, kPrecisionCount> kPrecisionNames = {"fp64", "fp64_matrix", "fp32", "fp32_matrix", "tf32", "fp16",
                                                                             "bf16", "fp8",         "fp4",  "int8",        "int4"};

/// Names of precisions, in the order given.
inline std::vector<std::string> precision_words(const std::vector<Precision>& precisions) {
  std::vector<std::string> words;
  words.reserve(precisions.size());
  for (const auto precision : precisions) words.emplace_back(kPrecisionNames[static_cast<std::size_t>(precision)]);
  return words;
}

/// Peak rates of one thing, MFLOP/s or MOP/s (10^6 a second), by Precision; absent = not known or not offered.
using PeakMflops = std::array<std::optional<std::uint64_t>, kPrecisionCount>;

/// Why a part of a machine has no peak. `what` is "cpu" or an accelerator's name; `count` its packages or devices.
struct Unrated {
  std::string what;
  std::string why;
  std::uint32_t count = 1;
  bool contradicted = false;  ///< it shows what its model cannot have: the machine is not what it says
  bool operator==(const Unrated&) const = default;
};

/// A rated accelerator model and the precisions that have no sourced figure for it: its devices are in no sum of these.
struct PeakGap {
  std::string what;
  std::uint32_t count = 1;
  std::vector<Precision> lacks;  ///< ascending
  bool operator==(const PeakGap&) const = default;
};

/// Peaks of one server, CPU and accelerators apart, with what could not be rated.
struct PeakRating {
  PeakMflops cpu{};                      ///< all packages together; all absent when the CPU is unrated
  PeakMflops accelerators{};             ///< all rated accelerators together; a precision is absent when no rated accelerator offers it
  std::uint32_t rated_accelerators = 0;  ///< devices with a figure at one precision at least
  std::array<std::uint32_t, kPrecisionCount> accelerators_counted{};  ///< [precision] devices in that sum
  std::vector<PeakGap> gaps;                                          ///< one a rated model, by name: what its devices are missing from
  std::vector<Unrated> unrated;                                       ///< ordered: cpu first, then accelerators by name
  bool operator==(const PeakRating&) const = default;
};

}  // namespace capmap
