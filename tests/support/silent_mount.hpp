#pragma once
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace capmap::support {

/// A FUSE file system whose server never answers: whoever asks it hangs until it goes. Needs root and /dev/fuse.
class SilentMount {
 public:
  SilentMount(const std::string& source, std::string point) : point_(std::move(point)), fd_(open("/dev/fuse", O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0) return;
    std::filesystem::create_directories(point_);
    const auto options = "fd=" + std::to_string(fd_) + ",rootmode=40000,user_id=0,group_id=0";
    mounted_ = mount(source.c_str(), point_.c_str(), "fuse.capmap", MS_NOSUID | MS_NODEV, options.c_str()) == 0;
  }
  ~SilentMount() { end(); }
  SilentMount(const SilentMount&) = delete;
  SilentMount& operator=(const SilentMount&) = delete;

  [[nodiscard]] bool mounted() const { return mounted_; }
  /// Unmounts it; calls that hang in it come back with an error.
  void end() {
    if (fd_ >= 0) close(fd_);
    if (mounted_) umount2(point_.c_str(), MNT_DETACH);
    fd_ = -1;
    mounted_ = false;
  }

 private:
  std::string point_;
  int fd_;
  bool mounted_ = false;
};

}  // namespace capmap::support
