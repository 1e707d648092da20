#include "agent/kept_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace capmap {
namespace {

constexpr std::size_t kFirstBytes = 4096, kMaxBytes = 1 << 20;

}  // namespace

KeptFile::~KeptFile() {
  close_file();
}

void KeptFile::close_file() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

Result<std::string_view> KeptFile::read(const HostRoot& root) {
  if (root.live() && fd_ < 0) fd_ = open((root.path() + path_).c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd_ >= 0) {
    auto text = read_open();
    if (!text) close_file();
    return text;
  }
  auto text = root.read(path_);  // a captured file; or the same failure again, with its reason in words
  if (!text) return text.error();
  text_ = std::move(*text);
  return std::string_view(text_);
}

/// Reads from the start until the kernel says it was all: it may hand out a page at a time.
Result<std::string_view> KeptFile::read_open() {
  std::size_t size = 0;
  for (;;) {
    if (size == text_.size()) text_.resize(std::max(kFirstBytes, 2 * size));
    if (text_.size() > kMaxBytes) return Error{ErrorCode::kFull, path_ + ": larger than " + std::to_string(kMaxBytes) + " bytes"};
    const ssize_t got = pread(fd_, text_.data() + size, text_.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{ErrorCode::kUnavailable, path_ + ": not readable (" + std::strerror(errno) + ")"};
    if (got == 0) return std::string_view(text_).substr(0, size);
    size += static_cast<std::size_t>(got);
  }
}

}  // namespace capmap
