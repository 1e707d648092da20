#pragma once
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace capmap::support {

/// A FUSE file system with an empty root folder and a size, served by a thread of ours that can be told to answer nobody for a while. Needs
/// root and /dev/fuse. Who serves it must not ask it.
class PausableMount {
 public:
  static constexpr std::uint64_t kBlockBytes = 4'096, kBlocks = 1'000'000, kFreeBlocks = 250'000;

  PausableMount(const std::string& source, std::string point)
      : point_(std::move(point)), fd_(open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0) return;
    std::filesystem::create_directories(point_);
    const auto options = "fd=" + std::to_string(fd_) + ",rootmode=40000,user_id=0,group_id=0";
    mounted_ = mount(source.c_str(), point_.c_str(), "fuse.capmap", MS_NOSUID | MS_NODEV, options.c_str()) == 0;
    if (mounted_) server_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  ~PausableMount() {
    server_.request_stop();
    if (server_.joinable()) server_.join();
    if (fd_ >= 0) close(fd_);  // calls in flight come back with an error
    if (mounted_) umount2(point_.c_str(), MNT_DETACH);
  }
  PausableMount(const PausableMount&) = delete;
  PausableMount& operator=(const PausableMount&) = delete;

  [[nodiscard]] bool mounted() const { return mounted_; }
  /// From now on every call waits, until resume().
  void pause() { paused_ = true; }
  void resume() { paused_ = false; }

 private:
  struct Question {
    std::uint32_t opcode = 0;
    std::uint64_t unique = 0;
  };

  void serve(const std::stop_token& stop) {
    std::vector<Question> waiting;
    while (!stop.stop_requested()) {
      pollfd item{.fd = fd_, .events = POLLIN, .revents = 0};
      constexpr int kLookMs = 20;
      ::poll(&item, 1, kLookMs);
      while (const auto question = take()) waiting.push_back(*question);
      if (paused_) continue;
      for (const auto& question : waiting) answer(question);
      waiting.clear();
    }
  }

  [[nodiscard]] std::optional<Question> take() const {
    constexpr std::size_t kMostBytes = 1 << 17;
    std::vector<char> bytes(kMostBytes);
    fuse_in_header header{};
    if (read(fd_, bytes.data(), bytes.size()) < static_cast<ssize_t>(sizeof header)) return std::nullopt;
    std::memcpy(&header, bytes.data(), sizeof header);
    return Question{header.opcode, header.unique};
  }

  void answer(const Question& question) const {
    switch (question.opcode) {
      case FUSE_INIT: {
        fuse_init_out out{};
        out.major = FUSE_KERNEL_VERSION;
        out.minor = FUSE_KERNEL_MINOR_VERSION;
        out.max_write = kBlockBytes;
        return reply(question, out);
      }
      case FUSE_STATFS: {
        fuse_statfs_out out{};
        out.st.blocks = kBlocks;
        out.st.bfree = out.st.bavail = kFreeBlocks;
        out.st.bsize = out.st.frsize = kBlockBytes;
        return reply(question, out);
      }
      case FUSE_GETATTR: {
        fuse_attr_out out{};
        out.attr.ino = FUSE_ROOT_ID;
        out.attr.mode = S_IFDIR | 0755;
        out.attr.nlink = 2;
        return reply(question, out);
      }
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
      case FUSE_INTERRUPT: return;  // these have no answer
      default: send(question, -ENOSYS, nullptr, 0);
    }
  }

  template <class Body>
  void reply(const Question& question, const Body& body) const {
    send(question, 0, &body, sizeof body);
  }
  void send(const Question& question, int error, const void* body, std::size_t bytes) const {
    const fuse_out_header header{
        .len = static_cast<std::uint32_t>(sizeof(fuse_out_header) + bytes), .error = error, .unique = question.unique};
    std::vector<char> message(header.len);
    std::memcpy(message.data(), &header, sizeof header);
    if (bytes > 0) std::memcpy(message.data() + sizeof header, body, bytes);
    [[maybe_unused]] const auto wrote = write(fd_, message.data(), message.size());  // who asked may have gone meanwhile
  }

  std::string point_;
  int fd_;
  bool mounted_ = false;
  std::atomic<bool> paused_ = false;
  std::jthread server_;
};

}  // namespace capmap::support
