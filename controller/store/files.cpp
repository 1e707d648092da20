#include "controller/store/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace capmap {
namespace {

Result<Done> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t wrote = write(fd, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return file_error(path, "write", errno);
    content.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (fsync(fd) != 0) return file_error(path, "fsync", errno);
  return Done{};
}

}  // namespace

Error file_error(const std::string& path, const char* doing, int error_number) {
  ErrorCode code = ErrorCode::kUnavailable;
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: code = ErrorCode::kFull; break;
    case EACCES:
    case EPERM:
    case EROFS: code = ErrorCode::kDenied; break;
    case ENOENT:
    case ENOTDIR: code = ErrorCode::kAbsent; break;
    default: break;
  }
  return Error{code, path + ": cannot " + doing + ": " + std::strerror(error_number)};
}

void sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

Result<Done> write_file_atomically(const std::string& path, std::string_view content, unsigned mode) {
  const std::string temporary = path + ".new";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, static_cast<mode_t>(mode));
  if (fd < 0) return file_error(temporary, "create", errno);
  auto written = write_all(fd, content, temporary);
  if (close(fd) != 0 && written) written = file_error(temporary, "close", errno);
  if (written && rename(temporary.c_str(), path.c_str()) != 0) written = file_error(path, "rename into place", errno);
  if (!written) {
    unlink(temporary.c_str());
    return written;
  }
  sync_folder_of(path);
  return Done{};
}

Result<std::string> read_whole_file(const std::string& path, std::size_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return file_error(path, "open", errno);
  std::string content;
  char buffer[65'536];
  for (;;) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int why = errno;
      close(fd);
      return file_error(path, "read", why);
    }
    if (got == 0) break;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > max_bytes) {
      close(fd);
      return Error{ErrorCode::kFull, path + ": longer than " + std::to_string(max_bytes) + " bytes"};
    }
  }
  close(fd);
  return content;
}

void give_to_folder_owner(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> list(geteuid() == 0 ? opendir(folder.c_str()) : nullptr, closedir);
  struct stat owner {};
  if (!list || fstat(dirfd(list.get()), &owner) != 0 || owner.st_uid == 0) return;
  while (const dirent* entry = readdir(list.get())) {
    const int file = openat(dirfd(list.get()), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat about {};
    const bool ours = file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_uid == 0 && about.st_nlink == 1;
    // Where it fails the service says that it may not read its file, and capmapctl doctor how that is put right.
    [[maybe_unused]] const bool given = ours && fchown(file, owner.st_uid, owner.st_gid) == 0;
    if (file >= 0) close(file);
  }
}

}  // namespace capmap
