#include "agent/probe/devices/mount_watch.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "agent/probe/devices/device_watch.hpp"
#include "agent/probe/devices/one_call.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kBytesPerMb = 1'000'000;
constexpr const char* kProbe = "file_systems";

}  // namespace

Result<FileSystemSize> read_file_system(const std::string& point) {
  struct statvfs about {};
  if (statvfs(point.c_str(), &about) != 0) {
    return Error{errno == EACCES ? ErrorCode::kDenied : ErrorCode::kUnavailable, std::strerror(errno)};
  }
  const auto blocks = static_cast<unsigned __int128>(about.f_blocks) * about.f_frsize / kBytesPerMb;
  const auto free = static_cast<unsigned __int128>(about.f_bfree) * about.f_frsize / kBytesPerMb;
  if (blocks == 0 || free > blocks || blocks > UINT64_MAX) return Error{ErrorCode::kUnavailable, "its sizes make no sense"};
  return FileSystemSize{.size_mb = static_cast<std::uint64_t>(blocks), .used_mb = static_cast<std::uint64_t>(blocks - free)};
}

/// One file system: its newest sizes are written by its thread and read by ours.
struct MountWatch::Mount {
  explicit Mount(SharedMount place) : mount(std::move(place)) {}

  SharedMount mount;
  mutable std::mutex mutex;
  SharedFileSystem newest;
  std::string problem;
  std::uint64_t read_ms = 0;  ///< 0 = never
  OneCall call;               ///< last: its thread ends before what it writes to goes
};

MountWatch::MountWatch(Read read, const Clock& clock) : read_(std::move(read)), clock_(clock) {}

MountWatch::~MountWatch() = default;

void MountWatch::ask(const std::vector<SharedMount>& mounts, std::uint64_t now_ms) {
  std::vector<std::unique_ptr<Mount>> before = std::exchange(mounts_, {});
  for (const auto& place : mounts) {
    const auto known = std::ranges::find_if(before, [&](const auto& mount) { return mount && mount->mount == place; });
    mounts_.push_back(known != before.end() ? std::move(*known) : std::make_unique<Mount>(place));
  }
  for (auto& gone : before) {
    if (gone) leaving_.push_back(std::move(gone));
  }
  std::erase_if(leaving_, [](const auto& mount) { return mount->call.idle(); });
  for (const auto& mount : mounts_) {
    if (!mount->call.idle()) continue;
    mount->call.ask(
        [this, target = mount.get()] {
          const auto size = read_(target->mount.point);
          const auto read_ms = clock_.boot_ms();
          const std::lock_guard lock(target->mutex);
          target->problem = size ? "" : size.error().what;
          if (!size) return;
          target->newest.size_mb = size->size_mb;
          target->newest.used_mb = size->used_mb;
          target->read_ms = read_ms;
        },
        now_ms);
  }
}

bool MountWatch::idle() const {
  const auto at_rest = [](const auto& mount) { return mount->call.idle(); };
  return std::ranges::all_of(mounts_, at_rest) && std::ranges::all_of(leaving_, at_rest);
}

bool MountWatch::settled(std::uint64_t now_ms) const {
  return std::ranges::all_of(mounts_, [&](const auto& mount) {
    const auto since = mount->call.since_ms();
    return !since || now_ms >= *since + kCallMs;
  });
}

void MountWatch::add_to(SampleFrame& frame, std::uint64_t now_ms) const {
  for (const auto& mount : mounts_) {
    FileSystemRow row;
    std::string problem;
    {
      const std::lock_guard lock(mount->mutex);
      row.use = mount->newest;
      row.age_ms = mount->read_ms == 0 ? 0 : static_cast<std::uint32_t>(std::min<std::uint64_t>(now_ms - mount->read_ms, UINT32_MAX));
      problem = mount->problem;
    }
    row.use.source = mount->mount.source;
    row.use.type = mount->mount.type;
    const auto since = mount->call.since_ms();
    if (since && now_ms >= *since + kCallMs) problem = "has not answered for " + coarse_duration(now_ms - *since);
    if (!problem.empty()) frame.problems.push_back({kProbe, row.use.source + " at " + mount->mount.point + ": " + problem});
    frame.file_systems.push_back(std::move(row));
  }
}

}  // namespace capmap
