#include "agent/release_request.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "agent/fields.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxFileBytes = 256;
constexpr const char *kRequest = "accelerators.release", *kAnswer = "accelerators.released";

std::string boot_id() {
  const auto id = HostRoot("/").read_line("proc/sys/kernel/random/boot_id");
  return id ? *id : std::string("unknown");
}

Error file_error(const std::string& path) {
  const auto code = errno == EACCES || errno == EPERM || errno == EROFS ? ErrorCode::kDenied
                    : errno == ENOSPC                                   ? ErrorCode::kFull
                                                                        : ErrorCode::kUnavailable;
  return {code, path + ": " + std::strerror(errno)};
}

/// Whole or not at all: a half-written file has no meaning, and the reader looks again.
Result<Done> write_file(const std::string& path, const std::string& text) {
  const std::string draft = path + ".new";
  std::FILE* file = std::fopen(draft.c_str(), "we");
  if (file == nullptr) return file_error(path);
  const bool wrote = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) != 0 || !wrote || std::rename(draft.c_str(), path.c_str()) != 0) return file_error(path);
  return Done{};
}

std::string read_file(const std::string& state, const char* name) {
  const auto text = HostRoot(state).read(name, kMaxFileBytes);
  return text ? *text : std::string();
}

}  // namespace

std::optional<ReleaseRequest> read_release_request(const std::string& state, std::uint64_t now_ms) {
  ReleaseRequest request{.text = read_file(state, kRequest), .until_ms = 0};
  if (request.text.empty()) return std::nullopt;
  std::string_view rest = request.text;
  auto line = take_line(rest);
  const auto boot = take_word(line);
  const auto until = to_number(take_word(line));
  if (!until || boot != boot_id() || *until <= now_ms || *until > now_ms + kMaxReleaseMs) return std::nullopt;
  request.until_ms = *until;
  return request;
}

Result<Done> write_release_request(const std::string& state, std::uint64_t until_ms) {
  return write_file(state + "/" + kRequest, boot_id() + " " + std::to_string(until_ms) + "\n");
}

Result<Done> remove_release_request(const std::string& state) {
  const std::string path = state + "/" + kRequest;
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return file_error(path);
  return Done{};
}

void answer_release_request(const std::string& state, const std::string& text) {
  const std::string path = state + "/" + kAnswer;
  if (text.empty()) {
    unlink(path.c_str());
  } else {
    static_cast<void>(write_file(path, text));  // who asked sees that no answer came, and says so
  }
}

std::string read_release_answer(const std::string& state) {
  return read_file(state, kAnswer);
}

}  // namespace capmap
