#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace capmap {

/// Why a node is contradicted, or not proven: stable words, of the API and of /metrics. Added at the end only.
enum class Doubt : std::uint8_t {
  kAbsurdHardware,
  kHardwareFlips,
  kClockAhead,
  kFlood,
  kClone,
  kReplay,
  kMemoryPerPackage,
  kCoresPerPackage,
  kClockRange,
  kProcessorName,
  kProcessorFeatures,
  kCardCount,
  kCardMemory,
  kCardName,
  kCardPower,
  kDiskSize,
  kNicSpeed,
  kHelloAgainstShape,
  kReading,
  kGrewWithoutBoot,
  kCardsFlap,
  kMeasuredTooFast,
  kMeasuredTooSlow,
  kUnlistedProcessor,
  kUnlistedCard,
  kNoHello,
  kNoShape,
  kNoUsage,
  kUndeclaredCard,
  kProcessorChanged,
};
inline constexpr std::size_t kDoubtCount = 30;
inline constexpr std::array<const char*, kDoubtCount> kDoubtWords = {"absurd_hardware",
                                                                     "hardware_flips",
                                                                     "clock_ahead",
                                                                     "flood",
                                                                     "clone",
                                                                     "replay",
                                                                     "memory_per_package",
                                                                     "cores_per_package",
                                                                     "clock_range",
                                                                     "processor_name",
                                                                     "processor_features",
                                                                     "card_count",
                                                                     "card_memory",
                                                                     "card_name",
                                                                     "card_power",
                                                                     "disk_size",
                                                                     "nic_speed",
                                                                     "hello_against_shape",
                                                                     "reading",
                                                                     "grew_without_boot",
                                                                     "cards_flap",
                                                                     "measured_too_fast",
                                                                     "measured_too_slow",
                                                                     "unlisted_processor",
                                                                     "unlisted_card",
                                                                     "no_hello",
                                                                     "no_shape",
                                                                     "no_usage",
                                                                     "undeclared_card",
                                                                     "processor_changed"};

/// What one check says of a node.
struct Finding {
  Doubt word = Doubt::kReading;
  std::string text;                ///< for people, with the figures
  std::string claimed, plausible;  ///< the figure and what it is held against; empty where there is no such pair
  bool contradicts = true;         ///< else it only leaves the node unproven
  bool guest_may = false;          ///< a hypervisor may set it up so: contradicts only where the node says that it is no guest
  bool operator==(const Finding&) const = default;
};

/// Whether a finding contradicts a node that says so of itself: "none" = no guest, no container; anything else may be one.
inline bool contradicts(const Finding& finding, const std::string& virtualization) {
  return finding.contradicts && (!finding.guest_may || virtualization == "none");
}

/// What they say, in their order.
inline std::vector<std::string> texts_of(const std::vector<Finding>& findings) {
  std::vector<std::string> texts;
  texts.reserve(findings.size());
  for (const auto& finding : findings) texts.push_back(finding.text);
  return texts;
}

constexpr std::uint32_t bit_of(Doubt word) {
  return std::uint32_t{1} << static_cast<unsigned>(word);
}
static_assert(kDoubtCount <= 32, "reasons of a node are kept as bits of 32");

}  // namespace capmap
