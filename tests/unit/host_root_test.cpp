#include "common/host_root.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

using namespace capmap;
namespace fs = std::filesystem;

namespace {

/// A folder below /tmp that goes with the test.
struct TemporaryFolder {
  TemporaryFolder() {
    char name[] = "/tmp/capmap-host-root-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TemporaryFolder() { fs::remove_all(path); }
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((path / file).parent_path());
    std::ofstream(path / file) << text;
  }
  fs::path path;
};

}  // namespace

TEST_CASE("host root: reads a file below the root and names it relatively in errors") {
  const TemporaryFolder folder;
  folder.write("proc/meminfo", "MemTotal: 1 kB\n");
  const HostRoot root(folder.path.string());
  CHECK_FALSE(root.live());
  CHECK(*root.read("proc/meminfo") == "MemTotal: 1 kB\n");
  const auto absent = root.read("proc/stat");
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == ErrorCode::kAbsent);
  CHECK(absent.error().what == "proc/stat: no such file");
  CHECK(HostRoot().live());
}

TEST_CASE("host root: a file over the limit is refused, not cut") {
  const TemporaryFolder folder;
  folder.write("big", std::string(10'000, 'x'));
  const HostRoot root(folder.path.string());
  CHECK(root.read("big", 10'000)->size() == 10'000);
  CHECK(root.read("big", 9'999).error().code == ErrorCode::kFull);
}

TEST_CASE("host root: neither a FIFO nor a folder is read, and neither blocks") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder.path / "pipe").c_str(), 0600) == 0);
  const HostRoot root(folder.path.string());
  CHECK(root.read("pipe").error().code == ErrorCode::kUnavailable);
  folder.write("sub/file", "");
  CHECK(root.read("sub").error().code == ErrorCode::kUnavailable);
}

TEST_CASE("host root: a line loses its blanks and an empty file is malformed") {
  const TemporaryFolder folder;
  folder.write("model", "  Big Disk   \nsecond\n");
  folder.write("nothing", "");
  const HostRoot root(folder.path.string());
  CHECK(*root.read_line("model") == "Big Disk");
  CHECK(root.read_line("nothing").error().code == ErrorCode::kMalformed);
}

TEST_CASE("host root: numbers are decimal or hexadecimal and must fill the line") {
  const TemporaryFolder folder;
  folder.write("decimal", "18446744073709551615\n");
  folder.write("hex", "0x10de\n");
  for (const char* bad : {"12 kB", "-1", "0x", "", "18446744073709551616", "N/A"}) {
    folder.write("bad", std::string(bad) + "\n");
    CAPTURE(bad);
    CHECK(HostRoot(folder.path.string()).read_u64("bad").error().code == ErrorCode::kMalformed);
  }
  const HostRoot root(folder.path.string());
  CHECK(*root.read_u64("decimal") == UINT64_MAX);
  CHECK(*root.read_u64("hex") == 0x10de);
}

TEST_CASE("host root: a listing is sorted and bounded") {
  const TemporaryFolder folder;
  for (const char* name : {"c", "a", "b"}) folder.write(std::string("many/") + name, "");
  const HostRoot root(folder.path.string());
  CHECK(*root.list("many") == std::vector<std::string>{"a", "b", "c"});
  CHECK(root.list("many", 2).error().code == ErrorCode::kFull);
  CHECK(root.list("none").error().code == ErrorCode::kAbsent);
}

TEST_CASE("host root: a link tells its target, and a captured machine's absolute link stays inside the capture") {
  const TemporaryFolder folder;
  folder.write("etc/real", "inside\n");
  fs::create_symlink("../../bus/pci/drivers/nvidia", folder.path / "driver");
  fs::create_symlink("/etc/real", folder.path / "absolute");
  fs::create_symlink("../../../../../../etc/hostname", folder.path / "escape");
  const HostRoot root(folder.path.string());
  CHECK(*root.link_name("driver") == "nvidia");
  CHECK(*root.link_target("driver") == "../../bus/pci/drivers/nvidia");
  CHECK(root.link_name("etc/real").error().code == ErrorCode::kMalformed);
  CHECK(root.link_name("none").error().code == ErrorCode::kAbsent);
  CHECK(*root.read("absolute") == "inside\n");
  CHECK(root.read("escape").error().code == ErrorCode::kAbsent);
  CHECK(root.exists("absolute"));
  CHECK_FALSE(root.exists("escape"));
}

TEST_CASE("kernel lists: ranges and single numbers are spelt out") {
  CHECK(*parse_kernel_list("0-3,8,10-11\n") == std::vector<unsigned>{0, 1, 2, 3, 8, 10, 11});
  CHECK(parse_kernel_list("")->empty());
  CHECK(parse_kernel_list("\n")->empty());
  CHECK(parse_kernel_list("0-65535")->size() == 65'536);
  CHECK(*parse_kernel_list("4294967294-4294967295") == std::vector<unsigned>{4'294'967'294, 4'294'967'295});
}

TEST_CASE("kernel lists: what has no meaning is refused") {
  for (const char* bad : {"3-1", "a", "1,", ",1", "1-", "-1", "0-65536", "0-4294967295", "1 2", "0-40000,0-40000"}) {
    CAPTURE(bad);
    CHECK(parse_kernel_list(bad).error().code == ErrorCode::kMalformed);
  }
}
