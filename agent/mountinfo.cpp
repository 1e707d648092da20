#include "agent/mountinfo.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "agent/fields.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxLines = 16'384, kMaxShared = 64;
constexpr std::array<std::string_view, 19> kRemoteTypes = {"nfs",   "nfs4",     "cifs", "smb3",   "smbfs",    "lustre", "ceph",
                                                           "9p",    "virtiofs", "afs",  "beegfs", "gpfs",     "wekafs", "pvfs2",
                                                           "ocfs2", "gfs2",     "coda", "davfs",  "glusterfs"};

/// id parent major:minor root point options [optional…] - type source options
MountLine parse_line(std::string_view line) {
  take_word(line);
  take_word(line);
  MountLine mount;
  mount.device = take_word(line);
  take_word(line);
  mount.point = take_word(line);
  const auto dash = line.find(" - ");
  if (dash == std::string_view::npos) return {};
  line.remove_prefix(dash + 3);
  mount.type = take_word(line);
  mount.source = take_word(line);
  return mount;
}

}  // namespace

std::vector<MountLine> parse_mountinfo(std::string_view text) {
  std::vector<MountLine> lines;
  while (!text.empty() && lines.size() < kMaxLines) lines.push_back(parse_line(take_line(text)));
  std::vector<std::string_view> covered;  // sorted mount points of later mounts
  std::vector<MountLine> seen;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (line->point.empty() || line->type.empty()) continue;
    const auto place = std::ranges::lower_bound(covered, line->point);
    if (place != covered.end() && *place == line->point) continue;
    covered.insert(place, line->point);
    seen.push_back(*line);
  }
  return seen;
}

std::vector<SharedMount> shared_mounts(std::string_view text) {
  std::map<std::string, SharedMount> by_source;
  for (const auto& mount : parse_mountinfo(text)) {
    const auto colon = mount.source.find(':');
    const bool elsewhere = mount.source.starts_with("//") || (colon != 0 && colon != std::string_view::npos);
    if (!may_hang(mount.type) || !elsewhere || by_source.size() == kMaxShared) continue;
    auto source = unescaped_mount_text(mount.source);
    by_source.try_emplace(source, SharedMount{source, std::string(mount.type), unescaped_mount_text(mount.point)});
  }
  std::vector<SharedMount> mounts;
  for (auto& [source, mount] : by_source) mounts.push_back(std::move(mount));
  return mounts;
}

bool may_hang(std::string_view type) {
  return type.starts_with("fuse") || std::ranges::find(kRemoteTypes, type) != kRemoteTypes.end();
}

bool below_hanging(std::string_view point, const std::vector<MountLine>& mounts) {
  return std::ranges::any_of(mounts, [point](const MountLine& mount) {
    const auto& above = mount.point;
    if (above.size() >= point.size() || !point.starts_with(above) || !may_hang(mount.type)) return false;
    return above == "/" || point[above.size()] == '/';
  });
}

std::string unescaped_mount_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace capmap
