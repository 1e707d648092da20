#include "agent/probe/file_system_list.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "agent/file_systems.hpp"
#include "agent/mountinfo.hpp"
#include "agent/probe_child.hpp"
#include "agent/sample_frames.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxMountinfoBytes = 4 << 20, kMaxFileSystems = 1'024;
constexpr std::uint32_t kDeadlineMs = 5'000;
constexpr std::uint64_t kBytesPerMb = 1'000'000;
constexpr const char* kProbe = "file_systems";

/// The same place whatever the order of mounting.
std::string main_point(const std::vector<std::string>& points) {
  return *std::ranges::min_element(points, [](const auto& a, const auto& b) {
    return std::pair(a.size(), std::string_view(a)) < std::pair(b.size(), std::string_view(b));
  });
}

void add_local(std::string_view mounts, bool live, std::vector<MountedFileSystem>& list) {
  for (const auto& system : parse_mounts(mounts)) {
    if (list.size() == kMaxFileSystems) return;
    MountedFileSystem entry{
        .source = system.source, .type = system.type, .mount = main_point(system.mount_points), .size_bytes = {}, .free_bytes = {}};
    if (const auto bytes = live ? measure(system) : std::nullopt) {
      entry.size_bytes = bytes->size;
      entry.free_bytes = bytes->free;
    }
    list.push_back(std::move(entry));
  }
}

void add_remote(std::string_view mounts, std::vector<MountedFileSystem>& list) {
  std::map<std::string, std::vector<std::string>> points;
  std::map<std::string, std::string> types;
  for (const auto& mount : parse_mountinfo(mounts)) {
    auto name = shared_name(mount);
    if (!may_hang(mount.type) || (name.empty() && mount.type.starts_with("fuse"))) continue;
    if (name.empty()) name = unescaped_mount_text(mount.source);
    points[name].push_back(unescaped_mount_text(mount.point));
    types.try_emplace(name, mount.type);
  }
  for (const auto& [name, places] : points) {
    if (list.size() == kMaxFileSystems) return;
    list.push_back({.source = name, .type = types[name], .mount = main_point(places), .size_bytes = {}, .free_bytes = {}, .remote = true});
  }
}

}  // namespace

Probed<std::vector<MountedFileSystem>> list_file_systems(const HostRoot& root) {
  Probed<std::vector<MountedFileSystem>> probed;
  const auto mounts = HostRoot(root.path()).read("proc/self/mountinfo", kMaxMountinfoBytes);
  if (!mounts) {
    if (root.live()) probed.problems.push_back({kProbe, mounts.error().what});
    return probed;
  }
  add_local(*mounts, root.live(), probed.value);
  add_remote(*mounts, probed.value);
  std::ranges::sort(probed.value, [](const auto& a, const auto& b) {
    return std::tie(a.remote, a.source, a.mount) < std::tie(b.remote, b.source, b.mount);
  });
  return probed;
}

std::vector<Problem> ask_network_sizes(const std::string& program, std::vector<MountedFileSystem>& systems) {
  if (std::ranges::none_of(systems, &MountedFileSystem::remote)) return {};
  auto ran = run_child(program, {"mounts"}, kDeadlineMs);
  if (!ran) return {{kProbe, ran.error().what}};
  const auto frame = take_sample_frame(ran->output);
  if (!frame || !*frame) return {{kProbe, frame ? frame->error().what : "capmap-probe mounts told nothing"}};
  for (const auto& row : (*frame)->file_systems) {
    for (auto& system : systems) {
      const bool told = system.remote && system.source == row.use.source && row.use.size_mb && row.use.used_mb;
      if (!told || *row.use.used_mb > *row.use.size_mb || *row.use.size_mb > UINT64_MAX / kBytesPerMb) continue;
      system.size_bytes = *row.use.size_mb * kBytesPerMb;
      system.free_bytes = (*row.use.size_mb - *row.use.used_mb) * kBytesPerMb;
    }
  }
  std::vector<Problem> problems;
  for (const auto& problem : (*frame)->problems) problems.push_back({problem.probe, problem.what});
  return problems;
}

}  // namespace capmap
