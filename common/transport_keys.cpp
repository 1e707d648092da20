#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/check.hpp"
#include "common/ids.hpp"
#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr std::size_t kKeyText = 40;
constexpr mode_t kOthers = 077;

Error file_error(const std::string& path, int number) {
  const std::string what = path + ": " + std::strerror(number);
  switch (number) {
    case ENOENT: return {ErrorCode::kAbsent, what};
    case ENOSPC:
    case EDQUOT: return {ErrorCode::kFull, what};
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP: return {ErrorCode::kDenied, what};
    case EEXIST: return {ErrorCode::kDenied, path + ": is already there and is never overwritten"};
    default: return {ErrorCode::kUnavailable, what};
  }
}

/// A file descriptor that closes itself.
class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0) : fd_(open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

Result<Done> write_synced(const std::string& path, const std::string& text) {
  const File file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file.fd() < 0) return file_error(path, errno);
  const ssize_t wrote = write(file.fd(), text.data(), text.size());
  if (wrote < 0) return file_error(path, errno);
  if (static_cast<std::size_t>(wrote) != text.size()) return file_error(path, ENOSPC);
  if (fsync(file.fd()) != 0) return file_error(path, errno);
  return Done{};
}

Result<Done> sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const File file(folder, O_RDONLY | O_DIRECTORY);
  if (file.fd() < 0 || fsync(file.fd()) != 0) return file_error(folder, errno);
  return Done{};
}

/// A secret key belongs to who uses it. Root may use one of the account that the folder belongs to, for whom it looks after it.
Result<Done> check_owner(const std::string& path, uid_t owner) {
  const auto own = geteuid();
  if (owner == own) return Done{};
  struct stat folder {};
  const auto slash = path.rfind('/');
  const std::string place = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (own == 0 && stat(place.c_str(), &folder) == 0 && folder.st_uid == owner) return Done{};
  const auto wanted = std::to_string(own == 0 ? folder.st_uid : own);
  return Error{ErrorCode::kDenied, path + ": belongs to another account (uid " + std::to_string(owner) +
                                       "), which could replace this secret key: chown " + wanted + " " + path};
}

bool is_z85_digit(char c) {
  constexpr std::string_view kMarks = ".-:+=^!/*?&<>()[]{}@%$#";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMarks.find(c) != std::string_view::npos;
}

}  // namespace

CurveKeys make_curve_keys() {
  std::array<char, kKeyText + 1> public_key{}, secret_key{};
  check(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0, "this libzmq is built without CURVE");
  return {.public_key = public_key.data(), .secret_key = secret_key.data()};
}

Result<std::string> curve_public_of(const std::string& secret_key) {
  std::array<char, kKeyText + 1> public_key{};
  if (!is_z85_key(secret_key) || zmq_curve_public(public_key.data(), secret_key.c_str()) != 0) {
    return Error{ErrorCode::kMalformed, "not a secret key: 40 characters of Z85 are wanted"};
  }
  return std::string(public_key.data());
}

bool is_z85_key(std::string_view text) {
  if (text.size() != kKeyText || !std::all_of(text.begin(), text.end(), is_z85_digit)) return false;
  // Five digits hold a little more than the 32 bits they stand for; libzmq refuses what is over.
  std::array<std::uint8_t, 32> bytes{};
  return zmq_z85_decode(bytes.data(), std::string(text).c_str()) != nullptr;
}

Result<CurveKeys> load_curve_keys(const std::string& path) {
  const File file(path, O_RDONLY);
  if (file.fd() < 0) return file_error(path, errno);
  struct stat about {};
  if (fstat(file.fd(), &about) != 0) return file_error(path, errno);
  if ((about.st_mode & kOthers) != 0) return Error{ErrorCode::kDenied, path + ": others may read this secret key: chmod 600 " + path};
  if (auto owned = check_owner(path, about.st_uid); !owned) return owned.error();
  std::array<char, kKeyText + 24> buffer{};
  const ssize_t length = read(file.fd(), buffer.data(), buffer.size());
  if (length < 0) return file_error(path, errno);
  std::string_view text(buffer.data(), static_cast<std::size_t>(length));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  CurveKeys keys{.public_key = {}, .secret_key = std::string(text)};
  auto public_key = curve_public_of(keys.secret_key);
  if (!public_key) return Error{ErrorCode::kMalformed, path + ": " + public_key.error().what};
  keys.public_key = *public_key;
  return keys;
}

Result<Done> save_curve_keys(const std::string& path, const CurveKeys& keys) {
  const std::string draft = path + "." + std::to_string(random_u64());
  auto done = write_synced(draft, keys.secret_key + "\n");
  if (done && renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) done = file_error(path, errno);
  if (!done) {
    unlink(draft.c_str());
    return done;
  }
  return sync_folder_of(path);
}

}  // namespace capmap
