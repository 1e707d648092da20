#include "agent/probe/disk_health.hpp"

#include <algorithm>
#include <array>

#include "agent/probe/plausible.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMaxMembers = 4'096;

/// A driver's word: lower-case letters and dashes, no more; anything else is not a state.
std::string word_of(const std::string& text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == ' '; };
  return text.size() <= 32 && std::all_of(text.begin(), text.end(), fits) ? text : std::string();
}

std::optional<std::uint32_t> count_in(const HostRoot& root, const std::string& path, std::vector<Problem>& problems) {
  const auto value = plausible_in(root, path, kMaxMembers, "storage", problems);
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> parse_emmc_life(std::string_view text) {
  constexpr std::uint64_t kBeyond = 0x0b;
  const auto words = split_words(text);
  std::uint64_t worst = 0;
  for (const auto word : words) {
    const auto step = number_in(word, 16);
    if (!step || *step > kBeyond) return std::nullopt;
    worst = std::max(worst, *step);
  }
  if (words.size() != 2 || worst == 0) return std::nullopt;
  return static_cast<std::uint32_t>(worst * 10);
}

DiskHealth read_disk_health(const HostRoot& root, const std::string& name) {
  constexpr std::array<const char*, 4> kReserves = {"", "normal", "warning", "urgent"};
  const std::string folder = "sys/block/" + name + "/device/";
  DiskHealth health{.state = word_of(line_of(root, folder + "state")), .wear_percent = {}, .reserve = {}};
  health.wear_percent = parse_emmc_life(line_of(root, folder + "life_time"));
  const auto reserve = number_in(line_of(root, folder + "pre_eol_info"), 16);
  if (reserve && *reserve < kReserves.size()) health.reserve = kReserves[*reserve];
  return health;
}

Probed<std::vector<Raid>> read_raids(const HostRoot& root) {
  Probed<std::vector<Raid>> probed;
  const auto names = root.list("sys/block");
  for (const auto& name : names ? *names : std::vector<std::string>{}) {
    if (!name.starts_with("md")) continue;
    const std::string folder = "sys/block/" + name + "/md/";
    const std::string level = line_of(root, folder + "level");
    if (level.empty() || level.size() > 32) continue;
    const auto disks = count_in(root, folder + "raid_disks", probed.problems),
               degraded = count_in(root, folder + "degraded", probed.problems);
    probed.value.push_back({.name = name, .level = level, .disks = disks, .degraded = degraded});
  }
  return probed;
}

}  // namespace capmap
