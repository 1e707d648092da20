#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "agent/probe/bench_run.hpp"
#include "common/open_file.hpp"

namespace capmap {
namespace {

using Now = std::chrono::steady_clock;

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kPageBytes = 4'096;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30U, kLeastBytes = std::uint64_t{64} << 20U;

struct Free {
  void operator()(unsigned char* bytes) const { std::free(bytes); }
};
using Buffer = std::unique_ptr<unsigned char, Free>;

Error from_errno(const std::string& place, int number) {
  const std::string why = place + ": " + std::strerror(number);
  if (number == ENOSPC || number == EDQUOT || number == EFBIG) return {ErrorCode::kFull, why};
  if (number == EACCES || number == EPERM || number == EROFS) return {ErrorCode::kDenied, why};
  if (number == ENOENT || number == ENOTDIR) return {ErrorCode::kAbsent, why};
  return {ErrorCode::kUnavailable, why};
}

/// A file that is gone from the folder before anything is written to it.
int open_nameless(const std::string& folder) {
  std::string path = folder + "/capmap-benchmark-XXXXXX";
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd >= 0) unlink(path.c_str());
  return fd;
}

Result<std::uint64_t> wanted_bytes(const std::string& folder) {
  struct statfs status {};
  if (statfs(folder.c_str(), &status) != 0) return from_errno(folder, errno);
  if (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC) {
    return Error{ErrorCode::kUnavailable, folder + ": lies in memory, not on a disk (--dir names another folder)"};
  }
  const auto free_bytes = static_cast<std::uint64_t>(status.f_bavail) * static_cast<std::uint64_t>(status.f_bsize);
  const auto bytes = std::min(kMostBytes, free_bytes / 8) / kChunkBytes * kChunkBytes;
  if (bytes < kLeastBytes) return Error{ErrorCode::kFull, folder + ": less than 512 MiB are free"};
  return bytes;
}

/// Bytes that no file system or disk makes smaller, others in each chunk.
void fill(unsigned char* bytes, std::uint64_t& state) {
  for (std::size_t i = 0; i < kChunkBytes; i += sizeof state) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    std::memcpy(bytes + i, &state, sizeof state);
  }
}

/// How much was written and lies on the disk.
Result<std::uint64_t> write_file(int fd, const std::string& folder, std::uint64_t bytes, unsigned char* buffer, const BenchClock& clock) {
  std::uint64_t state = 0x9E37'79B9'7F4A'7C15U, written = 0;
  while (written < bytes && !clock.over()) {
    fill(buffer, state);
    const auto wrote = pwrite(fd, buffer, kChunkBytes, static_cast<off_t>(written));
    if (wrote != static_cast<ssize_t>(kChunkBytes)) return from_errno(folder, wrote < 0 ? errno : ENOSPC);
    written += kChunkBytes;
  }
  if (clock.stopped()) return Error{ErrorCode::kTimeout, "stopped"};
  if (fdatasync(fd) != 0) return from_errno(folder, errno);
  if (written < kLeastBytes) return Error{ErrorCode::kUnavailable, folder + ": too slow to write 64 MiB in the time given"};
  return written;
}

}  // namespace

Result<DiskResult> bench_disk(const std::string& folder, const BenchClock& write_clock, const BenchClock& read_clock) {
  const auto bytes = wanted_bytes(folder);
  if (!bytes) return bytes.error();
  const Buffer buffer(static_cast<unsigned char*>(std::aligned_alloc(kPageBytes, kChunkBytes)));
  if (!buffer) return Error{ErrorCode::kFull, "not enough memory"};
  const OpenFile file(open_nameless(folder));
  if (file.fd() < 0) return from_errno(folder, errno);
  const auto written = write_file(file.fd(), folder, *bytes, buffer.get(), write_clock);
  if (!written) return written.error();
  posix_fadvise(file.fd(), 0, 0, POSIX_FADV_DONTNEED);
  const OpenFile past_cache(open(("/proc/self/fd/" + std::to_string(file.fd())).c_str(), O_RDONLY | O_DIRECT | O_CLOEXEC));
  DiskResult result{.megabytes_a_second = 0, .bytes = *written, .direct = past_cache.fd() >= 0};
  const int fd = result.direct ? past_cache.fd() : file.fd();
  std::uint64_t read_bytes = 0;
  const auto begin = Now::now();
  // Once through when the kernel may keep it: a second time would measure memory.
  while (!read_clock.over() && (result.direct || read_bytes < *written)) {
    const auto got = pread(fd, buffer.get(), kChunkBytes, static_cast<off_t>(read_bytes % *written));
    if (got <= 0) return from_errno(folder, got < 0 ? errno : EIO);
    read_bytes += static_cast<std::uint64_t>(got);
  }
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(Now::now() - begin).count();
  if (read_clock.stopped()) return Error{ErrorCode::kTimeout, "stopped"};
  result.megabytes_a_second = us > 0 ? read_bytes / static_cast<std::uint64_t>(us) : 0;
  return result;
}

}  // namespace capmap
