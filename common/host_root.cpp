#include "common/host_root.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "common/open_file.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxListNumbers = 65'536;
constexpr std::size_t kMaxLinkBytes = 4'096;

Error from_errno(std::string_view path, int number) {
  const std::string place(path);
  switch (number) {
    case ENOENT:
    case ENOTDIR: return {ErrorCode::kAbsent, place + ": no such file"};
    case EACCES:
    case EPERM: return {ErrorCode::kDenied, place + ": not readable (permission denied)"};
    case EMFILE:
    case ENFILE: return {ErrorCode::kFull, place + ": no file descriptor left"};
    default: return {ErrorCode::kUnavailable, place + ": not readable (" + std::strerror(number) + ")"};
  }
}

/// Opens below a captured root such that no link in it, absolute or with "..", leads out of it. -1 and errno on failure.
int open_inside(const std::string& root, const std::string& path, int flags) {
  const OpenFile top(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (top.fd() < 0) return -1;
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_IN_ROOT;
  return static_cast<int>(::syscall(SYS_openat2, top.fd(), path.c_str(), &how, sizeof how));
}

int open_below(const std::string& root, std::string_view path, int flags) {
  const std::string relative(path);
  if (root != "/") {
    const int fd = open_inside(root, relative, flags);
    if (fd >= 0 || errno != ENOSYS) return fd;  // kernels before 5.6 have no openat2
  }
  return ::open((root + relative).c_str(), flags);
}

Result<std::string> read_all(int fd, std::string_view path, std::size_t max_bytes) {
  std::string text;
  char chunk[4096];
  for (;;) {
    const ssize_t got = ::read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return from_errno(path, errno);
    if (got == 0) return text;
    if (text.size() + static_cast<std::size_t>(got) > max_bytes) {
      return Error{ErrorCode::kFull, std::string(path) + ": larger than " + std::to_string(max_bytes) + " bytes"};
    }
    text.append(chunk, static_cast<std::size_t>(got));
  }
}

std::string_view trimmed(std::string_view text) {
  constexpr const char* kBlanks = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// A decimal number that is the whole text.
bool read_number(std::string_view text, unsigned& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

HostRoot::HostRoot(std::string root, HostReads* reads) : root_(std::move(root)), reads_(reads) {
  if (root_.empty() || root_.back() != '/') root_ += '/';
}

Result<std::string> HostRoot::read(std::string_view path, std::size_t max_bytes) const {
  if (reads_ != nullptr) reads_->files.emplace(path);
  // O_NONBLOCK: opening a FIFO nobody writes to must not wait.
  const OpenFile file(open_below(root_, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.fd() < 0) return from_errno(path, errno);
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return from_errno(path, errno);
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::kUnavailable, std::string(path) + ": not a regular file"};
  return read_all(file.fd(), path, max_bytes);
}

Result<std::string> HostRoot::read_line(std::string_view path) const {
  auto text = read(path);
  if (!text) return text.error();
  const std::string_view all = *text;
  if (all.empty()) return Error{ErrorCode::kMalformed, std::string(path) + ": empty"};
  return std::string(trimmed(all.substr(0, all.find('\n'))));
}

Result<std::uint64_t> HostRoot::read_u64(std::string_view path) const {
  auto line = read_line(path);
  if (!line) return line.error();
  std::string_view digits = *line;
  const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
  if (hex) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    return Error{ErrorCode::kMalformed, std::string(path) + ": \"" + line->substr(0, 40) + "\" is not a number"};
  }
  return value;
}

Result<std::vector<std::string>> HostRoot::list(std::string_view path, std::size_t max_entries) const {
  if (reads_ != nullptr) reads_->folders.emplace(path);
  OpenFile folder(open_below(root_, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd() < 0) return from_errno(path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(folder.fd()), ::closedir);
  if (!entries) return from_errno(path, errno);
  static_cast<void>(folder.release());  // closedir closes it
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == max_entries) {
      return Error{ErrorCode::kFull, std::string(path) + ": more than " + std::to_string(max_entries) + " entries"};
    }
    names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool HostRoot::exists(std::string_view path) const {
  if (reads_ != nullptr) reads_->looked_for.emplace(path);
  return OpenFile(open_below(root_, path, O_PATH | O_CLOEXEC)).fd() >= 0;
}

Result<std::string> HostRoot::link_target(std::string_view path) const {
  if (reads_ != nullptr) reads_->links.emplace(path);
  const OpenFile link(open_below(root_, path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (link.fd() < 0) return from_errno(path, errno);
  std::string target(kMaxLinkBytes, '\0');
  const ssize_t got = ::readlinkat(link.fd(), "", target.data(), target.size());
  if (got < 0 && (errno == EINVAL || errno == ENOENT)) {
    return Error{ErrorCode::kMalformed, std::string(path) + ": not a symbolic link"};
  }
  if (got < 0) return from_errno(path, errno);
  target.resize(static_cast<std::size_t>(got));
  return target;
}

Result<std::string> HostRoot::link_name(std::string_view path) const {
  auto target = link_target(path);
  if (!target) return target.error();
  std::string_view whole = *target;
  while (whole.ends_with('/')) whole.remove_suffix(1);
  const auto slash = whole.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? whole : whole.substr(slash + 1);
  if (name.empty()) return Error{ErrorCode::kMalformed, std::string(path) + ": link without a name"};
  return std::string(name);
}

Result<std::vector<unsigned>> parse_kernel_list(std::string_view text) {
  std::vector<unsigned> numbers;
  text = trimmed(text);
  const auto malformed = [](std::string_view item, const char* why) {
    return Error{ErrorCode::kMalformed, "list: \"" + std::string(item.substr(0, 40)) + "\" " + why};
  };
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view item = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    if (comma != std::string_view::npos && text.empty()) return malformed(item, "is followed by nothing");
    const auto dash = item.find('-');
    unsigned first = 0;
    if (!read_number(item.substr(0, dash), first)) return malformed(item, "is not a number or range");
    unsigned last = first;
    if (dash != std::string_view::npos && !read_number(item.substr(dash + 1), last)) return malformed(item, "is not a number or range");
    if (last < first) return malformed(item, "is a range backwards");
    if (last - first >= kMaxListNumbers - numbers.size()) return malformed(item, "makes the list longer than 65536 numbers");
    for (unsigned i = 0; i <= last - first; ++i) numbers.push_back(first + i);  // last may be the largest there is
  }
  return numbers;
}

}  // namespace capmap
