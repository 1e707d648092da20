#include "common/whole_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/ids.hpp"

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
    case EROFS:
    case ELOOP: code = ErrorCode::kDenied; break;
    case EEXIST: return Error{ErrorCode::kDenied, path + ": is already there and is never overwritten"};
    case ENOENT:
    case ENOTDIR: code = ErrorCode::kAbsent; break;
    default: break;
  }
  return Error{code, path + ": cannot " + doing + ": " + std::strerror(error_number)};
}

Result<Done> sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return file_error(folder, "open", errno);
  const int number = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  if (number == 0 || number == EINVAL) return Done{};  // EINVAL: this file system has nothing to sync of a folder
  return file_error(folder, "fsync", number);
}

Result<Done> write_file_atomically(const std::string& path, std::string_view content, unsigned mode, Existing existing) {
  // Of a file that may be there but once, two may be written at the same time.
  const std::string draft = path + (existing == Existing::kKept ? "." + std::to_string(random_u64()) : ".new");
  if (unlink(draft.c_str()) != 0 && errno != ENOENT) return file_error(draft, "remove", errno);  // a mode of its own, or a link elsewhere
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, static_cast<mode_t>(mode));
  if (fd < 0) return file_error(draft, "create", errno);
  auto written = write_all(fd, content, draft);
  if (close(fd) != 0 && written) written = file_error(draft, "close", errno);
  const unsigned how = existing == Existing::kKept ? RENAME_NOREPLACE : 0;
  if (written && renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), how) != 0) {
    written = file_error(path, "rename into place", errno);
  }
  if (!written) {
    unlink(draft.c_str());
    return written;
  }
  return sync_folder_of(path);
}

}  // namespace capmap
