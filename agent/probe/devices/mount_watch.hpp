#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/mountinfo.hpp"
#include "agent/sample_frames.hpp"
#include "common/clock.hpp"
#include "common/result.hpp"

namespace capmap {

struct FileSystemSize {
  std::uint64_t size_mb = 0, used_mb = 0;  ///< 10^6 bytes
};
/// statvfs of a mount point. May hang for ever. Errors: kDenied, kUnavailable (what the system says).
Result<FileSystemSize> read_file_system(const std::string& point);

/// Keeps the newest sizes of network file systems, each asked in a thread of its own: one call in flight a mount. Driven by one thread.
class MountWatch {
 public:
  using Read = std::function<Result<FileSystemSize>(const std::string& point)>;
  static constexpr std::uint64_t kCallMs = 2'000;  ///< after it a call counts as hanging

  MountWatch(Read read, const Clock& clock);
  ~MountWatch();

  /// Follows what is mounted now, and asks every file system that has no call in flight.
  void ask(const std::vector<SharedMount>& mounts, std::uint64_t now_ms);
  [[nodiscard]] bool idle() const;
  /// True when everything in flight hangs by now: there is nothing to wait for.
  [[nodiscard]] bool settled(std::uint64_t now_ms) const;
  /// Rows by source, and a problem for each mount that hangs or refuses.
  void add_to(SampleFrame& frame, std::uint64_t now_ms) const;

 private:
  struct Mount;

  Read read_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Mount>> mounts_;   ///< by source
  std::vector<std::unique_ptr<Mount>> leaving_;  ///< no longer mounted, with a call that has not come back
};

}  // namespace capmap
