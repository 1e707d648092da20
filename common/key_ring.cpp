#include "common/key_ring.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "common/whole_file.hpp"

namespace capmap {
namespace {

std::string next_path(const std::string& path) {
  return path + ".next";
}
std::string old_path(const std::string& path) {
  return path + ".old";
}

std::optional<CurveKeys> load_if_good(const std::string& path) {
  auto keys = load_curve_keys(path);
  return keys ? std::optional(std::move(*keys)) : std::nullopt;
}

}  // namespace

Result<KeyRing> KeyRing::open(const std::string& path) {
  auto current = load_curve_keys(path);
  if (!current) return current.error();
  KeyRing ring(path, std::move(*current));
  ring.next_ = load_if_good(next_path(path));
  ring.old_ = load_if_good(old_path(path));
  return ring;
}

const CurveKeys& KeyRing::in_use() const {
  if (use_ == Use::kNext && next_) return *next_;
  return use_ == Use::kOld && old_ ? *old_ : current_;
}

std::uint64_t KeyRing::age_ms(std::uint64_t now_unix_ms) const {
  struct stat about {};
  if (stat(path_.c_str(), &about) != 0 || about.st_mtim.tv_sec < 0) return 0;
  const auto made_ms = static_cast<std::uint64_t>(about.st_mtim.tv_sec) * 1'000;
  return now_unix_ms > made_ms ? now_unix_ms - made_ms : 0;
}

Result<Done> KeyRing::prepare_next() {
  if (next_) return Done{};
  const auto path = next_path(path_);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return file_error(path, "remove", errno);  // one that could not be read
  auto keys = make_curve_keys();
  if (auto saved = save_curve_keys(path, keys); !saved) return saved;
  next_ = std::move(keys);
  return Done{};
}

void KeyRing::use_next() {
  if (next_) use_ = Use::kNext;
}

Result<Done> KeyRing::drop_next() {
  if (!next_) return Done{};
  if (use_ == Use::kNext) use_ = Use::kCurrent;
  next_.reset();
  const auto path = next_path(path_);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return file_error(path, "remove", errno);
  return sync_folder_of(path_);
}

Result<bool> KeyRing::confirm() {
  if (use_ == Use::kCurrent) return false;
  const bool was_next = use_ == Use::kNext;
  const auto from = was_next ? next_path(path_) : old_path(path_), draft = path_ + ".swap";
  // The key of before gets a second name first: at no moment is one of the two without any.
  if (unlink(draft.c_str()) != 0 && errno != ENOENT) return file_error(draft, "remove", errno);
  if (link(path_.c_str(), draft.c_str()) != 0) return file_error(draft, "link", errno);
  if (rename(from.c_str(), path_.c_str()) != 0) return file_error(from, "rename", errno);
  if (rename(draft.c_str(), old_path(path_).c_str()) != 0) return file_error(draft, "rename", errno);
  auto before = std::exchange(current_, was_next ? *next_ : *old_);
  old_ = std::move(before);
  if (was_next) next_.reset();
  use_ = Use::kCurrent;
  if (auto synced = sync_folder_of(path_); !synced) return synced.error();
  return true;
}

bool KeyRing::try_another() {
  const auto has = [this](Use use) { return use == Use::kCurrent || (use == Use::kNext ? next_.has_value() : old_.has_value()); };
  const Use before = use_;
  do {
    use_ = use_ == Use::kCurrent ? Use::kNext : use_ == Use::kNext ? Use::kOld : Use::kCurrent;
  } while (!has(use_));
  return use_ != before;
}

}  // namespace capmap
