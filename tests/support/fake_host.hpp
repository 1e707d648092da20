#pragma once
#include <filesystem>
#include <random>
#include <string>

#include "common/host_root.hpp"
#include "tests/support/put_file.hpp"

namespace capmap::test {

/// A folder that stands for a machine's root: files are put in by a test, all is removed at the end.
class FakeHost {
 public:
  FakeHost() {
    std::random_device seed;
    path_ = std::filesystem::temp_directory_path() / ("capmap-host-" + std::to_string(seed()) + std::to_string(seed()));
    std::filesystem::create_directories(path_);
  }
  ~FakeHost() { std::filesystem::remove_all(path_); }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  /// Writes a file, with its folders; `name` is relative ("proc/stat").
  void put(const std::string& name, const std::string& text) const { support::put_file((path_ / name).string(), text); }
  void put_folder(const std::string& name) const { std::filesystem::create_directories(path_ / name); }
  void remove(const std::string& name) const { std::filesystem::remove_all(path_ / name); }

  [[nodiscard]] HostRoot root() const { return HostRoot(path_.string()); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace capmap::test
