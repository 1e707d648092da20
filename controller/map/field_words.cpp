#include "controller/map/field_words.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "controller/map/cell.hpp"

namespace capmap {
namespace {

template <std::size_t count>
constexpr std::array<std::string_view, count> views_of(const std::array<const char*, count>& words) {
  std::array<std::string_view, count> views;
  for (std::size_t i = 0; i < count; ++i) views[i] = words[i];
  return views;
}

constexpr auto kLivenessTexts = views_of(kLivenessNames);
constexpr auto kServiceStateTexts = views_of(kServiceStateNames);
constexpr auto kVerdictTexts = views_of(kVerdictNames);
constexpr std::array<std::string_view, 2> kTruths = {"yes", "no"};
constexpr std::array<std::string_view, 6> kLevels = {"0", "1", "2", "3", "4", "5"};
constexpr std::array<std::string_view, 6> kArchitectures = {"x86_64", "aarch64", "loongarch64", "ppc64le", "riscv64", "s390x"};
constexpr std::array<std::string_view, 4> kKinds = {"gpu", "npu", "fpga", "other"};

constexpr std::array<std::pair<std::string_view, std::span<const std::string_view>>, 11> kClosed = {{{"liveness", kLivenessTexts},
                                                                                                     {"service_state", kServiceStateTexts},
                                                                                                     {"verdict", kVerdictTexts},
                                                                                                     {"owner_class", kOwnerClasses},
                                                                                                     {"compute_class", kComputeClasses},
                                                                                                     {"service", kServices},
                                                                                                     {"public_compute", kTruths},
                                                                                                     {"security_level", kLevels},
                                                                                                     {"architecture", kArchitectures},
                                                                                                     {"accelerator_kind", kKinds},
                                                                                                     {"kind", kKinds}}};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Letters put in, left out or changed, and neighbours that changed places.
std::size_t slips_between(std::string_view a, std::string_view b) {
  const auto width = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      auto& here = cost[i * width + j];
      here = i == 0 ? j : i;
      if (i == 0 || j == 0) continue;
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      here = std::min({cost[(i - 1) * width + j] + 1, cost[i * width + j - 1] + 1, cost[(i - 1) * width + j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) here = std::min(here, cost[(i - 2) * width + j - 2] + 1);
    }
  }
  return cost.back();
}

}  // namespace

std::span<const std::string_view> texts_of_field(std::string_view field) {
  const auto* const found = std::ranges::find(kClosed, field, [](const auto& one) { return one.first; });
  return found == kClosed.end() ? std::span<const std::string_view>() : found->second;
}

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known) {
  constexpr std::size_t kMostLetters = 64;
  if (word.empty() || word.size() > kMostLetters) return {};
  std::string_view nearest;
  std::size_t fewest = std::clamp<std::size_t>(word.size() / 3, 1, 2) + 1;
  for (const auto one : known) {
    const auto slips = slips_between(word, one);
    if (slips >= fewest) continue;
    fewest = slips;
    nearest = one;
  }
  if (!nearest.empty()) return nearest;
  // A beginning of one word alone is meant to be that word.
  constexpr std::size_t kLeastLetters = 3;
  for (const auto one : known) {
    if (word.size() < kLeastLetters || !one.starts_with(word)) continue;
    if (!nearest.empty()) return {};
    nearest = one;
  }
  return nearest;
}

std::string joined_words(std::span<const std::string_view> words) {
  std::string text;
  for (const auto word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

}  // namespace capmap
