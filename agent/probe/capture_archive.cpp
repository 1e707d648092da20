#include "agent/probe/capture_archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace capmap {
namespace {

struct ArchiveDeleter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct EntryDeleter {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

Error from_errno(const std::string& path, int number) {
  const std::string why = path + ": " + (number != 0 ? std::strerror(number) : "cannot be written");
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return {ErrorCode::kFull, why};
    case EACCES:
    case EPERM:
    case EROFS: return {ErrorCode::kDenied, why};
    case ENOENT:
    case ENOTDIR: return {ErrorCode::kAbsent, why};
    default: return {ErrorCode::kUnavailable, why};
  }
}

/// A new file beside the wanted one that is gone again unless it was put in its place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& wanted) : path_(wanted + ".XXXXXX") { fd_ = mkostemp(path_.data(), O_CLOEXEC); }
  ~TemporaryFile() {
    if (fd_ < 0) return;
    close(fd_);
    if (!placed_) unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  /// Names what was written `wanted`; without `replace` a file that came there meanwhile stays.
  Result<Done> put_at(const std::string& wanted, bool replace) {
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(fd_, 0666 & ~mask) != 0 || fsync(fd_) != 0) return from_errno(wanted, errno);
    const bool done = replace ? rename(path_.c_str(), wanted.c_str()) == 0 : link(path_.c_str(), wanted.c_str()) == 0;
    if (!done) return from_errno(wanted, errno);
    placed_ = replace;
    return Done{};
  }

 private:
  std::string path_;
  int fd_ = -1;
  bool placed_ = false;
};

/// libarchive's own sentence, with the system's reason where it has one.
Error from_archive(const std::string& path, archive* writer) {
  if (const int number = archive_errno(writer); number > 0 && number < 4'096) return from_errno(path, number);
  const char* text = archive_error_string(writer);
  return {ErrorCode::kUnavailable, path + ": " + (text != nullptr ? text : "cannot be written")};
}

bool write_entry(archive* writer, const std::string& name, const CapturedEntry& from) {
  const std::unique_ptr<archive_entry, EntryDeleter> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_mtime(entry.get(), 0, 0);
  switch (from.kind) {
    case CapturedEntry::Kind::kFolder:
      archive_entry_set_filetype(entry.get(), AE_IFDIR);
      archive_entry_set_perm(entry.get(), 0755);
      break;
    case CapturedEntry::Kind::kLink:
      archive_entry_set_filetype(entry.get(), AE_IFLNK);
      archive_entry_set_perm(entry.get(), 0777);
      archive_entry_set_symlink(entry.get(), from.text.c_str());
      break;
    case CapturedEntry::Kind::kFile:
      archive_entry_set_filetype(entry.get(), AE_IFREG);
      archive_entry_set_perm(entry.get(), from.denied ? 0 : 0644);
      archive_entry_set_size(entry.get(), static_cast<la_int64_t>(from.text.size()));
      break;
  }
  if (archive_write_header(writer, entry.get()) != ARCHIVE_OK) return false;
  if (from.kind != CapturedEntry::Kind::kFile || from.text.empty()) return true;
  return archive_write_data(writer, from.text.data(), from.text.size()) == static_cast<la_ssize_t>(from.text.size());
}

}  // namespace

Result<Done> write_archive(const std::string& path, const CapturedFiles& files, bool replace,
                           const std::function<void(std::size_t, std::size_t)>& progress) {
  if (!replace && access(path.c_str(), F_OK) == 0) return Error{ErrorCode::kFull, path + ": exists already (--force replaces it)"};
  TemporaryFile file(path);
  if (file.fd() < 0) return from_errno(path, errno);
  const std::unique_ptr<archive, ArchiveDeleter> writer(archive_write_new());
  if (!writer || archive_write_set_format_gnutar(writer.get()) != ARCHIVE_OK || archive_write_add_filter_zstd(writer.get()) != ARCHIVE_OK ||
      archive_write_open_fd(writer.get(), file.fd()) != ARCHIVE_OK) {
    return from_archive(path, writer.get());
  }
  std::size_t done = 0;
  for (const auto& [name, entry] : files) {
    if (!write_entry(writer.get(), name, entry)) return from_archive(path, writer.get());
    progress(++done, files.size());
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return from_archive(path, writer.get());
  return file.put_at(path, replace);
}

}  // namespace capmap
