#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>

namespace capmap {

/// Words that sites and owners may declare.
inline constexpr std::array<std::string_view, 5> kOwnerClasses = {"government", "state-owned", "private", "foreign-or-joint",
                                                                  "university-or-research"};
inline constexpr std::array<std::string_view, 4> kComputeClasses = {"general", "intelligent", "super", "edge"};
inline constexpr std::array<std::string_view, 3> kServices = {"public", "private", "hybrid"};

/// All texts that a field of filters can have beside "", where that is a closed list; else empty.
std::span<const std::string_view> texts_of_field(std::string_view field);
/// The one of `known` that `word` was most likely meant to be, mistyped by two letters at most, or by a third of it where it is short;
/// empty: none. Letters in any case. Pure.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);
/// "one, two, three".
std::string joined_words(std::span<const std::string_view> words);

}  // namespace capmap
