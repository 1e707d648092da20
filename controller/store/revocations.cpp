#include "controller/store/revocations.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <set>
#include <utility>

#include "common/transport.hpp"
#include "controller/store/files.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxFileBytes = 256ULL << 20U;
constexpr std::size_t kMaxReason = 400, kMaxLine = 1'024;
constexpr std::string_view kVersion = "1";

std::string line_of(const RevokedKey& key) {
  std::string reason = key.reason.substr(0, kMaxReason);
  std::ranges::replace_if(
      reason, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  const auto owner = key.child ? to_text(ControllerId{key.owner}) : to_text(NodeId{key.owner});
  return std::string(kVersion) + " " + key.public_key + (key.child ? " child " : " node ") + owner + " " +
         std::to_string(key.revoked_unix_ms) + " " + reason + "\n";
}

std::string_view take_word(std::string_view& line) {
  const auto space = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

std::optional<RevokedKey> parse_line(std::string_view line) {
  if (take_word(line) != kVersion) return std::nullopt;
  RevokedKey key{.public_key = std::string(take_word(line))};
  const auto kind = take_word(line);
  if (!is_z85_key(key.public_key) || (kind != "node" && kind != "child")) return std::nullopt;
  key.child = kind == "child";
  const auto owner = take_word(line);
  const auto id = id_bytes(key.child ? ControllerId::kPrefix : NodeId::kPrefix, owner);
  if (!id) return std::nullopt;
  key.owner = *id;
  const auto time = take_word(line);
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), key.revoked_unix_ms);
  if (error != std::errc{} || end != time.data() + time.size()) return std::nullopt;
  key.reason = line;
  return key;
}

/// Half a line at the end is what a crash left: its change was never answered. Where the whole lines end.
Result<off_t> end_of_lines(int fd, const std::string& path) {
  std::array<char, kMaxLine> tail{};
  const off_t size = lseek(fd, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(tail.size()));
  const ssize_t got = size < 0 ? -1 : pread(fd, tail.data(), tail.size(), from);
  if (got < 0) return file_error(path, "read", errno);
  const auto end = std::string_view(tail.data(), static_cast<std::size_t>(got)).rfind('\n');
  return end == std::string_view::npos ? from : from + static_cast<off_t>(end) + 1;
}

Result<Done> append_text(int fd, const std::string& path, const std::string& text) {
  const auto end = end_of_lines(fd, path);
  if (!end) return end.error();
  if (ftruncate(fd, *end) != 0) return file_error(path, "cut", errno);
  const ssize_t wrote = write(fd, text.data(), text.size());
  const bool whole = wrote == static_cast<ssize_t>(text.size());
  const int why = wrote < 0 ? errno : ENOSPC;
  if (whole && fsync(fd) == 0) return Done{};
  const auto error = file_error(path, "append", whole ? errno : why);
  if (ftruncate(fd, *end) != 0) return error;  // readers pass over half a line
  return error;
}

}  // namespace

std::string revocations_path(const std::string& state_folder) {
  return state_folder + "/revoked.keys";
}

Result<Done> append_revocations(const std::string& path, const std::vector<RevokedKey>& keys) {
  if (path.empty() || keys.empty()) return Done{};
  std::string text;
  for (const auto& key : keys) text += line_of(key);
  const bool made = access(path.c_str(), F_OK) != 0;
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return file_error(path, "open", errno);
  auto done = append_text(fd, path, text);
  close(fd);
  if (done && made) done = sync_folder_of(path);
  return done;
}

Result<std::vector<RevokedKey>> parse_revocations(std::string_view text, const std::string& path) {
  std::vector<RevokedKey> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return keys;
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    auto key = parse_line(line);
    if (!key) {
      return Error{ErrorCode::kMalformed, path + ":" + std::to_string(number) +
                                              ": is no line about a revoked key; nothing was changed. Keys that it named could come in "
                                              "again: mend the line, or take the file of a copy of this folder"};
    }
    keys.push_back(std::move(*key));
  }
  return keys;
}

Result<std::vector<RevokedKey>> read_revocations(const std::string& path) {
  const auto text = read_whole_file(path, kMaxFileBytes);
  if (!text && text.error().code == ErrorCode::kAbsent) return std::vector<RevokedKey>{};
  if (!text) return text.error();
  return parse_revocations(*text, path);
}

Result<std::size_t> merge_revocations(Store& store, const std::string& path, std::uint64_t now_unix_ms,
                                      const std::function<Result<Done>()>& before_writing) {
  const auto kept = read_revocations(path);
  if (!kept) return kept.error();
  const auto known = store.joining().revoked();
  if (!known) return known.error();
  std::set<std::string_view> in_file, in_store;
  for (const auto& key : *kept) in_file.insert(key.public_key);
  for (const auto& key : *known) in_store.insert(key.public_key);
  std::vector<RevokedKey> to_file, to_store;
  for (const auto& key : *known) {
    if (!in_file.contains(key.public_key)) to_file.push_back(key);
  }
  for (const auto& key : *kept) {
    if (in_store.insert(key.public_key).second) to_store.push_back(key);
  }
  if (auto appended = append_revocations(path, to_file); !appended) return appended.error();
  if (to_store.empty()) return std::size_t{0};
  if (auto may = before_writing(); !may) return may.error();
  auto done = store.begin();
  for (std::size_t i = 0; done && i < to_store.size(); ++i) done = store.joining().revoke(to_store[i]);
  if (done) {
    done = store.add_audit({.at_unix_ms = now_unix_ms,
                            .who = "start",
                            .what = "keys_revoked_again",
                            .subject = path,
                            .detail = std::to_string(to_store.size()) + " that the database did not know"});
  }
  if (done) done = store.commit();
  if (done) return to_store.size();
  store.roll_back();
  return done.error();
}

}  // namespace capmap
