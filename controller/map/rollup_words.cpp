#include <algorithm>
#include <utility>

#include "common/labels.hpp"
#include "controller/map/field_words.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

constexpr std::size_t kLongestWord = 40;  ///< of an unknown word that is said back

std::string known_dimensions() {
  std::string all;
  for (const char* name : kDimensionNames) all += (all.empty() ? "" : ", ") + std::string(name);
  return all;
}

Error no_dimension(std::string_view word, std::string_view why) {
  std::string what(1, '"');
  const std::vector<std::string_view> known(kDimensionNames.begin(), kDimensionNames.end());
  const auto nearest = nearest_word(word, known);
  what.append(word.substr(0, kLongestWord)).append("\" ").append(why);
  if (!nearest.empty() && nearest != word) what.append("; did you mean ").append(nearest).append("?");
  what.append("; known: ").append(known_dimensions());
  return {ErrorCode::kMalformed, std::move(what)};
}

/// Part of a whole in permille, rounded up: 0 means none at all.
std::uint32_t share_permille(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<std::uint32_t>((static_cast<U128>(part) * 1'000 + whole - 1) / whole);
}

Error no_measure(std::string_view word) {
  std::string what = '"' + std::string(word.substr(0, kLongestWord)) + "\" is no measure; known: ";
  for (const char* name : kMeasureNames) what.append(name == kMeasureNames[0] ? "" : ", ").append(name);
  what.append(", ").append(kDeclaredWord);
  return {ErrorCode::kMalformed, std::move(what)};
}

}  // namespace

bool is_node_dimension(std::string_view word) {
  const bool label = word.starts_with(kLabelPrefix) && !label_problem(word.substr(kLabelPrefix.size()), "x");
  return label || std::ranges::find(kNodeDimensionNames, word) != kNodeDimensionNames.end();
}

Result<AskedMeasures> parse_measures(std::string_view text) {
  if (text.empty()) return AskedMeasures{.of_cells = all_measures()};
  AskedMeasures asked;
  for (;;) {
    const auto comma = text.find(',');
    const auto word = text.substr(0, comma);
    const auto* const found = std::find(kMeasureNames.begin(), kMeasureNames.end(), word);
    if (word == kDeclaredWord) {
      asked.declared = true;
    } else if (found == kMeasureNames.end()) {
      return no_measure(word);
    } else {
      asked.of_cells.set(static_cast<std::size_t>(found - kMeasureNames.begin()));
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (asked.of_cells.none()) asked.of_cells.set(static_cast<std::size_t>(Measure::kNodes));
  return asked;
}

Result<std::vector<Dimension>> parse_dimensions(std::string_view text) {
  std::vector<Dimension> by;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto word = text.substr(0, comma);
    const auto* const found = std::find(kDimensionNames.begin(), kDimensionNames.end(), word);
    if (found == kDimensionNames.end()) return no_dimension(word, "is no dimension");
    const auto dimension = static_cast<Dimension>(found - kDimensionNames.begin());
    if (std::find(by.begin(), by.end(), dimension) != by.end()) return no_dimension(word, "is named twice");
    by.push_back(dimension);
    if (comma == std::string_view::npos) return by;
    text.remove_prefix(comma + 1);
    if (text.empty()) return no_dimension(text, "after the last comma is no dimension");
  }
  return by;
}

std::string decimal(U128 value) {
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::uint32_t RollupGroup::stale_permille() const {
  return share_permille(installed_nodes - nodes_by_liveness[static_cast<std::size_t>(Liveness::kFresh)], installed_nodes);
}

std::uint32_t RollupGroup::unknown_permille() const {
  return share_permille(hardware_unknown_nodes, installed_nodes);
}

std::optional<std::uint32_t> RollupGroup::advanced_permille() const {
  const auto of = [this](Media media) { return storage_bytes_by_media[static_cast<std::size_t>(media)]; };
  if (storage_bytes.value == 0) return std::nullopt;
  return static_cast<std::uint32_t>((of(Media::kNvme) + of(Media::kSsd)) * 1'000 / storage_bytes.value);
}

std::uint32_t RollupGroup::unrated_permille() const {
  return share_permille(unrated_nodes, installed_nodes);
}

}  // namespace capmap
