#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/descriptor_table.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {

/// K1 says what there is, K2 what of it is available.
enum class DescriptorEdition : std::uint8_t { kTotal, kAvailable };
inline constexpr std::array<const char*, 2> kDescriptorEditionNames = {"k1", "k2"};

/// What one of kDescriptorTexts or kDescriptorFigures is at a place.
struct DescriptorValue {
  std::optional<U128> figure{};       ///< in base units
  std::optional<std::string> text{};  ///< of a text
  std::string why{};                  ///< neither is known: why, and what would tell it
  std::string incomplete{};           ///< a figure that lacks something: what
  bool operator==(const DescriptorValue&) const = default;
};
using DescriptorValues = std::map<std::string, DescriptorValue, std::less<>>;

/// What an encoder made of a place's values.
struct Descriptor {
  std::optional<std::string> text;      ///< absent: something that is required is not known or does not fit
  std::vector<std::string> reasons;     ///< why there is none: "field: why"
  std::vector<std::string> left_out;    ///< fields that are not required and not known: likewise
  std::vector<std::string> incomplete;  ///< figures in it that lack something: likewise
  bool operator==(const Descriptor&) const = default;
};

/// Writes the fields of a form that rows of the kind have, one behind the other, parts with a dot between them. A figure is cut down to
/// whole units; one that is not 0 and less than a unit is not written, for 0 would be wrong. Pure: the same values give the same text.
Descriptor encode_descriptor(const DescriptorForm& form, std::string_view kind, DescriptorEdition edition, const DescriptorValues& values);

/// Names and counts in one order, whatever order they came in: "NAME=COUNT+NAME=COUNT"; names of one spelling are one.
std::string descriptor_models(const std::map<std::string, std::uint64_t>& counts);

}  // namespace capmap
