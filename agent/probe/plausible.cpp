#include "agent/probe/plausible.hpp"

#include <algorithm>

namespace capmap {
namespace {

void note_once(Problem problem, std::vector<Problem>& problems) {
  if (std::find(problems.begin(), problems.end(), problem) == problems.end()) problems.push_back(std::move(problem));
}

}  // namespace

std::optional<std::uint64_t> plausible(std::optional<std::uint64_t> value, std::uint64_t most, std::string_view probe,
                                       const std::string& path, std::vector<Problem>& problems) {
  if (!value || *value <= most) return value;
  const std::string limits = std::to_string(*value) + " is more than there can be (" + std::to_string(most) + ")";
  note_once({std::string(probe), path + ": " + limits}, problems);
  return std::nullopt;
}

std::optional<std::uint64_t> plausible_in(const HostRoot& root, const std::string& path, std::uint64_t most, std::string_view probe,
                                          std::vector<Problem>& problems) {
  const auto value = root.read_u64(path);
  if (value) return plausible(*value, most, probe, path, problems);
  if (value.error().code == ErrorCode::kMalformed) note_once({std::string(probe), value.error().what}, problems);
  return std::nullopt;
}

}  // namespace capmap
