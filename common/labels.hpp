#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace capmap {

/// What an owner says of a server: rack = "r12". For grouping and filters; nothing follows from it.
struct Label {
  std::string key, value;
  bool operator==(const Label&) const = default;
};

inline constexpr std::size_t kMaxLabels = 16, kMaxLabelBytes = 63;

/// What is wrong with a label, with what would be right; nothing where it is one. Key: 1 to 63 of a-z 0-9 . _ -; value: 1 to 63 bytes of
/// printable UTF-8. Pure; any thread.
std::optional<std::string> label_problem(std::string_view key, std::string_view value);

/// Puts a label into a list that is ascending by key, instead of the one that has its key. What is wrong where that cannot be: as
/// label_problem, or there are 16 already; then the list stays as it was.
std::optional<std::string> put_label(std::vector<Label>& labels, std::string_view key, std::string_view value);

}  // namespace capmap
