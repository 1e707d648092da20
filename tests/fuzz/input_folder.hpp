#pragma once
#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "agent/fields.hpp"
#include "common/check.hpp"

namespace capmap::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// An input as files below a temporary folder ($TMPDIR), gone with its scope. As text:
///   "== proc/stat" begins a file, the lines after it are its content; "-> sys/a/driver ../b" is a link; "== sys/a/" is an empty folder.
/// Paths and links that would lead out of the folder, and what the file system refuses, are left out; at most 512 entries.
class InputFolder {
 public:
  InputFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "capmap-fuzz-XXXXXX").string();
    check(::mkdtemp(name.data()) != nullptr, "no temporary folder can be made");
    path_ = name;
  }
  explicit InputFolder(std::string_view tree) : InputFolder() { fill(tree); }
  ~InputFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  InputFolder(const InputFolder&) = delete;
  InputFolder& operator=(const InputFolder&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }
  /// The place of the file.
  std::string put(std::string_view name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
    return (path_ / name).string();
  }

 private:
  static constexpr std::size_t kMostBytes = 1'000, kMostOfOne = 200;  ///< of a path, and of a name in it

  void fill(std::string_view tree) const {
    constexpr int kMostEntries = 512;
    for (int i = 0; i < kMostEntries && !tree.empty(); ++i) {
      auto head = take_line(tree);
      const bool link = head.starts_with("-> ");
      if (!link && !head.starts_with("== ")) continue;
      head.remove_prefix(3);
      std::size_t end = 0;
      while (end < tree.size() && !tree.substr(end).starts_with("== ") && !tree.substr(end).starts_with("-> ")) {
        end = std::min(tree.find('\n', end), tree.size() - 1) + 1;
      }
      const auto name = link ? take_word(head) : head;
      if (stays_inside(name)) put_entry(std::filesystem::path(name), link, link ? take_word(head) : tree.substr(0, end));
      tree.remove_prefix(end);
    }
  }
  void put_entry(const std::filesystem::path& name, bool link, std::string_view text) const {
    std::error_code refused;
    std::filesystem::create_directories(path_ / name.parent_path(), refused);
    if (refused || !name.has_filename() || std::filesystem::is_symlink(path_ / name, refused)) return;
    if (!link) {
      put(name.string(), text);
    } else if (stays_inside((name.parent_path() / text).string())) {
      std::filesystem::create_symlink(text, path_ / name, refused);
    }
  }
  static bool stays_inside(std::string_view name) {
    if (name.empty() || name.size() > kMostBytes || name.find('\0') != std::string_view::npos) return false;
    std::filesystem::path path(name);
    const bool short_parts = std::all_of(path.begin(), path.end(), [](const auto& part) { return part.native().size() <= kMostOfOne; });
    path = path.lexically_normal();
    return short_parts && path.is_relative() && *path.begin() != "..";
  }

  std::filesystem::path path_;
};

}  // namespace capmap::fuzz
