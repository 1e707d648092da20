#pragma once
#include <cstddef>

namespace capmap {

enum class Language : unsigned char;

/// How tables are laid out.
struct TableLook {
  bool bold = false;        ///< titles bold, and bars beside shares
  std::size_t width = 100;  ///< columns that a table has at most, where that can be had by shortening text
  Language language{};      ///< of titles
  bool wide = false;        ///< columns that are seldom asked for, too; nothing is shortened

  constexpr TableLook() = default;
  constexpr TableLook(bool bold_titles) : bold(bold_titles) {}  // NOLINT(google-explicit-constructor): all that most callers say
};

}  // namespace capmap
