#include "common/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/open_file.hpp"
#include "common/whole_file.hpp"

namespace capmap {
namespace {

constexpr mode_t kOthers = 077;

Result<Done> check_owner(const std::string& path, uid_t owner, const char* what) {
  const auto own = geteuid();
  if (owner == own) return Done{};
  struct stat folder {};
  const auto slash = path.rfind('/');
  const std::string place = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (own == 0 && stat(place.c_str(), &folder) == 0 && folder.st_uid == owner) return Done{};
  const auto wanted = std::to_string(own == 0 ? folder.st_uid : own);
  return Error{ErrorCode::kDenied, path + ": belongs to another account (uid " + std::to_string(owner) + "), which could replace " + what +
                                       ": chown " + wanted + " " + path};
}

}  // namespace

Result<std::string> read_private_file(const std::string& path, std::size_t max_bytes, const char* what) {
  const OpenFile file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));  // of a pipe nobody may ever write into
  if (file.fd() < 0) return file_error(path, "open", errno);
  struct stat about {};
  if (fstat(file.fd(), &about) != 0) return file_error(path, "look at", errno);
  if (!S_ISREG(about.st_mode)) return Error{ErrorCode::kDenied, path + ": is no regular file, as " + what + " must be"};
  if ((about.st_mode & kOthers) != 0) {
    return Error{ErrorCode::kDenied, path + ": others may read " + what + ": chmod 600 " + path};
  }
  if (auto owned = check_owner(path, about.st_uid, what); !owned) return owned.error();
  std::string text;
  std::array<char, 4'096> buffer{};
  for (;;) {
    const ssize_t got = read(file.fd(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error(path, "read", errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > max_bytes) return Error{ErrorCode::kMalformed, path + ": longer than " + std::to_string(max_bytes) + " bytes"};
  }
}

}  // namespace capmap
