#include "agent/probe/capture_files.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string_view>

namespace capmap {
namespace {

using Kind = CapturedEntry::Kind;

constexpr std::size_t kMaxFileBytes = 32 << 20;
constexpr int kMaxLinks = 40;  // as the kernel has it

std::string below(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

/// The parts of a path in front of `rest`.
void put_first(std::deque<std::string>& rest, std::string_view path) {
  std::deque<std::string> parts;
  while (!path.empty()) {
    const auto slash = path.find('/');
    if (slash != 0) parts.emplace_back(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  rest.insert(rest.begin(), parts.begin(), parts.end());
}

class Collector {
 public:
  explicit Collector(const HostRoot& root) : root_(root) {}

  /// Follows a path and keeps each link on its way. The path without links; empty when it leads nowhere.
  std::optional<std::string> follow(const std::string& path, bool last_too) {
    std::deque<std::string> rest;
    put_first(rest, path);
    std::string at;
    for (int links = 0; !rest.empty();) {
      const auto part = rest.front();
      rest.pop_front();
      if (part == ".") continue;
      if (part == "..") {
        const auto slash = at.rfind('/');
        at.resize(slash == std::string::npos ? 0 : slash);
        continue;
      }
      auto next = below(at, part);
      if (rest.empty() && !last_too) return next;
      const auto target = root_.link_target(next);
      if (!target && target.error().code != ErrorCode::kMalformed) return std::nullopt;
      if (!target) {
        at = std::move(next);
        continue;
      }
      if (++links > kMaxLinks) return std::nullopt;
      files_[next] = {.kind = Kind::kLink, .text = *target};
      if (target->starts_with('/')) at.clear();
      put_first(rest, *target);
    }
    return at;
  }

  void keep_file(const std::string& path) {
    const auto place = follow(path, true);
    if (!place || place->empty()) return;
    auto text = root_.read(path, kMaxFileBytes);
    const bool denied = !text && text.error().code == ErrorCode::kDenied;
    if (!text && !denied) return;
    files_[*place] = {.kind = Kind::kFile, .text = denied ? std::string() : std::move(*text), .denied = denied};
  }

  void keep_link(const std::string& path) {
    const auto place = follow(path, false);
    if (!place) return;
    if (const auto target = root_.link_target(*place)) files_[*place] = {.kind = Kind::kLink, .text = *target};
  }

  /// That it is there, whatever it is.
  void keep_place(const std::string& path) {
    const auto place = follow(path, true);
    if (place && !place->empty()) keep_kind(*place);
  }

  void keep_folder(const std::string& path) {
    const auto place = follow(path, true);
    const auto names = root_.list(path);
    if (!place || !names) return;
    if (!place->empty()) files_.try_emplace(*place);
    for (const auto& name : *names) {
      const auto child = below(*place, name);
      if (const auto target = root_.link_target(child)) {
        files_[child] = {.kind = Kind::kLink, .text = *target};
      } else {
        keep_kind(child);
      }
    }
  }

  CapturedFiles take() { return std::move(files_); }

 private:
  void keep_kind(const std::string& place) {
    const bool folder = root_.exists(place + "/.");
    if (folder || root_.exists(place)) files_.try_emplace(place, CapturedEntry{.kind = folder ? Kind::kFolder : Kind::kFile, .text = {}});
  }

  const HostRoot& root_;
  CapturedFiles files_;
};

}  // namespace

CapturedFiles collect_files(const HostRoot& root, const HostReads& reads) {
  Collector collector(root);
  for (const auto& path : reads.files) collector.keep_file(path);
  for (const auto& path : reads.folders) collector.keep_folder(path);
  for (const auto& path : reads.links) collector.keep_link(path);
  for (const auto& path : reads.looked_for) collector.keep_place(path);
  return collector.take();
}

}  // namespace capmap
