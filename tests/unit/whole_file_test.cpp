#include "common/whole_file.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>
#include <vector>

#include "tests/support/program.hpp"

using namespace capmap;
using Catch::Matchers::Contains;
using support::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

unsigned mode_of(const std::string& path) {
  struct stat about {};
  REQUIRE(stat(path.c_str(), &about) == 0);
  return about.st_mode & 07777;
}

std::size_t files_in(const std::string& folder) {
  const auto entries = fs::directory_iterator(folder);
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// Without root's rights over other accounts' files, for as long as it lives.
struct AsNobody {
  AsNobody() {
    if (geteuid() == 0) REQUIRE(seteuid(65'534) == 0);
  }
  ~AsNobody() {
    if (getuid() == 0 && seteuid(0) != 0) std::abort();
  }
};

}  // namespace

TEST_CASE("whole file: is there with the mode that was given, replaces an older one, and leaves no draft") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/file", big(300'000, 'x');
  const auto mask = umask(022);
  for (const auto& [text, mode] : {std::pair{std::string("one"), 0600U}, {std::string(), 0644U}, {big, 0640U}}) {
    REQUIRE(write_file_atomically(path, text, mode));
    CHECK(read(path) == text);
    CHECK(mode_of(path) == mode);
    CHECK(files_in(folder.path()) == 1);
  }
  umask(mask);
  const auto cwd = fs::current_path();
  fs::current_path(folder.path());
  CHECK(write_file_atomically("file", "of this folder", 0600));
  fs::current_path(cwd);
  CHECK(read(path) == "of this folder");
}

TEST_CASE("whole file: a draft that an earlier run left lends neither its mode nor a link's target") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/file", other = folder.path() + "/other";
  std::ofstream(path + ".new") << "half of a longer text";
  REQUIRE(chmod((path + ".new").c_str(), 0666) == 0);
  REQUIRE(write_file_atomically(path, "whole", 0600));
  CHECK(read(path) == "whole");
  CHECK(mode_of(path) == 0600);
  std::ofstream(other) << "somebody's";
  fs::create_symlink(other, path + ".new");
  REQUIRE(write_file_atomically(path, "again", 0600));
  CHECK(read(path) == "again");
  CHECK(read(other) == "somebody's");
  CHECK(!fs::is_symlink(path));
  fs::create_directory(path + ".new");
  const auto in_the_way = write_file_atomically(path, "third", 0600);
  REQUIRE_FALSE(in_the_way);
  CHECK_THAT(in_the_way.error().what, Contains(path + ".new"));
  CHECK(read(path) == "again");
}

TEST_CASE("whole file: one that may be there but once is kept, whoever else writes it at the same time") {
  const TemporaryFolder folder;
  for (int round = 0; round < 20; ++round) {
    const std::string path = folder.path() + "/" + std::to_string(round);
    std::array<bool, 4> wrote{};
    std::vector<std::thread> writers;
    for (std::size_t i = 0; i < wrote.size(); ++i) {
      writers.emplace_back([&, i] {
        const auto done = write_file_atomically(path, std::string(5'000, static_cast<char>('a' + i)), 0600, Existing::kKept);
        wrote[i] = done.ok();
      });
    }
    for (auto& writer : writers) writer.join();
    REQUIRE(std::ranges::count(wrote, true) == 1);
    const auto winner = static_cast<char>('a' + (std::ranges::find(wrote, true) - wrote.begin()));
    CHECK(read(path) == std::string(5'000, winner));
    const auto again = write_file_atomically(path, "late", 0600, Existing::kKept);
    REQUIRE_FALSE(again);
    CHECK(again.error().code == ErrorCode::kDenied);
    CHECK_THAT(again.error().what, Contains(path) && Contains("never overwritten"));
    CHECK(files_in(folder.path()) == static_cast<std::size_t>(round) + 1);
  }
}

TEST_CASE("whole file: a folder that is not there, is none, or may not be written is named with what the system says") {
  const TemporaryFolder folder;
  const auto failed = [](const std::string& path) {
    const auto done = write_file_atomically(path, "text", 0600);
    REQUIRE_FALSE(done);
    CHECK_THAT(done.error().what, Contains(path));
    return done.error();
  };
  const auto absent = failed(folder.path() + "/none/file");
  CHECK(absent.code == ErrorCode::kAbsent);
  CHECK_THAT(absent.what, Contains("No such file or directory"));
  std::ofstream(folder.path() + "/plain") << "x";
  CHECK_THAT(failed(folder.path() + "/plain/file").what, Contains("Not a directory"));
  fs::create_directory(folder.path() + "/folder");
  CHECK_THAT(failed(folder.path() + "/folder").what, Contains("rename into place"));
  CHECK(!fs::exists(folder.path() + "/folder.new"));

  const std::string closed = folder.path() + "/closed", path = closed + "/file";
  fs::create_directory(closed);
  std::ofstream(path) << "old";
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(chmod(closed.c_str(), 0555) == 0);
  {
    const AsNobody nobody;
    const auto denied = failed(path);
    CHECK(denied.code == ErrorCode::kDenied);
    CHECK_THAT(denied.what, Contains("Permission denied"));
  }
  CHECK(read(path) == "old");
  CHECK(files_in(closed) == 1);
  REQUIRE(chmod(closed.c_str(), 0755) == 0);
}

TEST_CASE("whole file: on a full disk the old file stands, no draft is left, and the error says so") {
  const TemporaryFolder folder;
  const bool own = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                   mount("capmap-test", folder.path().c_str(), "tmpfs", 0, "size=64k") == 0;
  if (!own) {
    std::cout << "skipped: a small tmpfs of one's own takes root and a mount namespace\n";
    return;
  }
  const std::string path = folder.path() + "/file";
  REQUIRE(write_file_atomically(path, "old", 0600));
  for (const std::size_t bytes : {200'000U, 65'536U, 61'441U}) {
    const auto done = write_file_atomically(path, std::string(bytes, 'x'), 0600);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == ErrorCode::kFull);
    CHECK_THAT(done.error().what, Contains(path) && Contains("No space left on device"));
    CHECK(read(path) == "old");
    CHECK(files_in(folder.path()) == 1);
  }
  CHECK(write_file_atomically(path, std::string(50'000, 'x'), 0600));  // beside the old one it fits
  CHECK(read(path).size() == 50'000);
  CHECK(umount(folder.path().c_str()) == 0);
}
