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
  mount.options = take_word(line);
  return mount;
}

/// The value of "key=value" between commas; empty when it is not there.
std::string_view option(std::string_view options, std::string_view key) {
  while (!options.empty()) {
    auto value = take_until(options, ',');
    if (take_until(value, '=') == key) return value;
  }
  return {};
}

/// Other machines may give a disk another of these names.
bool is_passing_name(std::string_view device) {
  constexpr std::array<std::string_view, 6> kPassing = {"/dev/sd", "/dev/dm-", "/dev/vd", "/dev/nvme", "/dev/xvd", "/dev/emcpower"};
  return std::ranges::any_of(kPassing, [device](auto name) { return device.starts_with(name); });
}

bool names_a_machine(std::string_view source) {
  if (source.starts_with("//")) return source.size() > 2;
  const auto colon = source.find(':');
  return !source.starts_with('/') && colon != 0 && colon != std::string_view::npos;  // "/a:/b" are local folders, joined
}

/// "user@id.name=/path" or "monitor2,monitor1:/path": without the user, with the monitors in order.
std::string ceph_name(std::string_view source) {
  const auto at = source.find('@');
  if (at != std::string_view::npos && source.find('=') != std::string_view::npos) return "ceph:" + std::string(source.substr(at + 1));
  const auto path = source.rfind(":/");
  if (path == std::string_view::npos) return {};
  std::vector<std::string_view> monitors;
  for (auto rest = source.substr(0, path); !rest.empty();) monitors.push_back(take_until(rest, ','));
  std::ranges::sort(monitors);
  std::string name;
  for (const auto monitor : monitors) name.append(name.empty() ? "" : ",").append(monitor);
  return name.append(source.substr(path));
}

std::string prefixed(std::string_view type, std::string_view name) {
  return name.empty() ? std::string() : std::string(type).append(":").append(name);
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

std::string shared_name(const MountLine& mount) {
  if (!may_hang(mount.type)) return {};
  const auto source = unescaped_mount_text(mount.source);
  const auto& type = mount.type;
  if (type == "ceph") return ceph_name(source);
  if (type == "virtiofs") return {};
  if (type == "9p") return option(mount.options, "trans") == "tcp" ? prefixed(type, source) : std::string();
  if (names_a_machine(source)) return source;
  if (type == "gpfs" || type == "wekafs") return prefixed(type, source.starts_with("/dev/") ? source.substr(5) : source);
  if (type == "gfs2") return prefixed(type, option(mount.options, "locktable"));
  if (type == "beegfs") return prefixed(type, option(mount.options, "cfgFile"));
  if (type == "ocfs2" && !is_passing_name(source)) return prefixed(type, source);
  return {};
}

std::vector<SharedMount> shared_mounts(std::string_view text) {
  std::map<std::string, SharedMount> by_source;
  for (const auto& mount : parse_mountinfo(text)) {
    if (by_source.size() == kMaxShared) break;
    const auto source = shared_name(mount);
    if (source.empty()) continue;
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
