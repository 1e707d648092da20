#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/check.hpp"
#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr std::size_t kKeyText = 40;

Error key_file_error(const std::string& path, const char* doing, int number) {
  const ErrorCode code = number == ENOENT                       ? ErrorCode::kAbsent
                         : number == EACCES || number == EPERM  ? ErrorCode::kDenied
                         : number == ENOSPC || number == EDQUOT ? ErrorCode::kFull
                                                                : ErrorCode::kUnavailable;
  return Error{code, path + ": cannot " + doing + ": " + std::strerror(number)};
}

}  // namespace

CurveKeys make_curve_keys() {
  char public_key[kKeyText + 1] = {}, secret_key[kKeyText + 1] = {};
  check(zmq_curve_keypair(public_key, secret_key) == 0, "libzmq was built without CURVE");
  return {public_key, secret_key};
}

Result<std::string> curve_public_of(const std::string& secret_key) {
  char public_key[kKeyText + 1] = {};
  if (!is_z85_key(secret_key) || zmq_curve_public(public_key, secret_key.c_str()) != 0) {
    return Error{ErrorCode::kMalformed, "a secret key is 40 characters of Z85"};
  }
  return std::string(public_key);
}

bool is_z85_key(std::string_view text) {
  constexpr std::string_view kSigns = ".-:+=^!/*?&<>()[]{}@%$#";
  if (text.size() != kKeyText) return false;
  for (const char c : text) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && kSigns.find(c) == std::string_view::npos) return false;
  }
  return true;
}

Result<CurveKeys> load_curve_keys(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return key_file_error(path, "open", errno);
  struct stat status {};
  char buffer[kKeyText + 2] = {};
  const bool known = fstat(fd, &status) == 0;
  const ssize_t got = read(fd, buffer, sizeof buffer);
  close(fd);
  if (!known || !S_ISREG(status.st_mode)) return Error{ErrorCode::kMalformed, path + ": is not a file"};
  if ((status.st_mode & 077) != 0) return Error{ErrorCode::kDenied, path + ": others can read this key: chmod 600 " + path};
  std::string secret(buffer, got < 0 ? 0 : static_cast<std::size_t>(got));
  if (!secret.empty() && secret.back() == '\n') secret.pop_back();
  const auto public_key = curve_public_of(secret);
  if (!public_key) return Error{ErrorCode::kMalformed, path + ": " + public_key.error().what};
  return CurveKeys{*public_key, secret};
}

Result<Done> save_curve_keys(const std::string& path, const CurveKeys& keys) {
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return key_file_error(temporary, "create", errno);
  const std::string text = keys.secret_key + "\n";
  int failed = 0;
  if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) || fsync(fd) != 0) failed = errno == 0 ? ENOSPC : errno;
  close(fd);
  if (failed == 0 && link(temporary.c_str(), path.c_str()) != 0) failed = errno;  // unlike rename, link never replaces a key
  unlink(temporary.c_str());
  if (failed == EEXIST) return Error{ErrorCode::kUnavailable, path + ": is already there, it was not replaced"};
  if (failed != 0) return key_file_error(path, "write", failed);
  return Done{};
}

}  // namespace capmap
