#include "agent/probe/devices/mount_watch.hpp"

#include <poll.h>

#include <atomic>
#include <catch2/catch.hpp>

#include "tests/support/program.hpp"

namespace capmap {
namespace {

using support::soon;
constexpr const char* kMounts =
    "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "2 1 0:40 / /home rw shared:1 - nfs4 server:/export/home rw\n"
    "3 1 0:40 / /home2 rw - nfs4 server:/export/home rw\n"
    "4 1 0:41 / /scratch rw - lustre mgs@tcp:/scratch rw\n"
    "5 1 0:42 / /share\\040one rw - cifs //server/share\\040one rw\n"
    "6 1 0:43 / /run/user/0/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw\n"
    "7 1 0:44 / /far rw - fuse.sshfs me@host:/data rw\n"
    "8 1 0:45 / /local rw - fuseblk /dev/sdb1 rw\n";

TEST_CASE("mounts: network file systems are listed once by their source, local ones and FUSE without another machine are not") {
  const auto mounts = shared_mounts(kMounts);
  REQUIRE(mounts.size() == 4);
  CHECK(mounts[0] == SharedMount{"//server/share one", "cifs", "/share one"});
  CHECK(mounts[1] == SharedMount{"me@host:/data", "fuse.sshfs", "/far"});
  CHECK(mounts[2] == SharedMount{"mgs@tcp:/scratch", "lustre", "/scratch"});
  CHECK(mounts[3] == SharedMount{"server:/export/home", "nfs4", "/home2"});
  std::string many;
  for (int i = 0; i < 200; ++i) many += "1 0 0:9 / /m" + std::to_string(i) + " rw - nfs server:/" + std::to_string(i) + " rw\n";
  CHECK(shared_mounts(many).size() == 64);
}

TEST_CASE("mounts: one that hangs keeps its last sizes, is named, and keeps no other from being asked") {
  const SystemClock clock;
  std::atomic<bool> hang = false, release = false;
  const auto read = [&](const std::string& point) -> Result<FileSystemSize> {
    while (point == "/scratch" && hang && !release) ::poll(nullptr, 0, 2);
    if (point == "/far") return Error{ErrorCode::kUnavailable, "Stale file handle"};
    return FileSystemSize{.size_mb = 1'000, .used_mb = 10};
  };
  MountWatch watch(read, clock);
  const struct Releasing {
    std::atomic<bool>& release;
    ~Releasing() { release = true; }
  } releasing{release};  // a check that fails must not leave the call hanging
  const auto mounts = shared_mounts(kMounts);
  watch.ask(mounts, clock.boot_ms());
  REQUIRE(soon([&] { return watch.idle(); }));
  SampleFrame first;
  watch.add_to(first, clock.boot_ms());
  REQUIRE(first.file_systems.size() == 4);
  CHECK(first.file_systems[2].use == SharedFileSystem{"mgs@tcp:/scratch", "lustre", 1'000, 10});
  CHECK_FALSE(first.file_systems[1].use.size_mb);
  REQUIRE(first.problems.size() == 1);
  CHECK(first.problems[0] == Problem{"file_systems", "me@host:/data at /far: Stale file handle"});

  hang = true;
  const auto asked_ms = clock.boot_ms();
  watch.ask(mounts, asked_ms);
  const auto later_ms = asked_ms + 42'000;
  const auto others_are_back = [&] {
    SampleFrame frame;
    watch.add_to(frame, asked_ms + MountWatch::kCallMs);
    return frame.problems.size() == 2;
  };
  REQUIRE(soon(others_are_back));
  CHECK(watch.settled(later_ms));
  CHECK_FALSE(watch.settled(asked_ms));
  watch.ask(mounts, later_ms);  // a second time: nothing is started beside the call that hangs
  REQUIRE(soon([&] {
    SampleFrame frame;
    watch.add_to(frame, clock.boot_ms());
    return frame.file_systems[3].age_ms < 1'000;
  }));
  SampleFrame hung;
  watch.add_to(hung, later_ms);
  REQUIRE(hung.problems.size() == 2);
  CHECK(hung.problems[1] == Problem{"file_systems", "mgs@tcp:/scratch at /scratch: has not answered for 40 s"});
  CHECK(hung.file_systems[2].use.used_mb == 10U);
  CHECK(hung.file_systems[2].age_ms >= 42'000);

  watch.ask({}, later_ms);  // unmounted while its call hangs
  SampleFrame none;
  watch.add_to(none, later_ms);
  CHECK(none == SampleFrame{});
  CHECK_FALSE(watch.idle());
  release = true;
  CHECK(soon([&] { return watch.idle(); }));
}

TEST_CASE("mounts: lines of a frame come back as they were written") {
  SampleFrame frame;
  frame.file_systems = {{.use = {"//server/share one", "cifs", 10, 5}, .age_ms = 3}, {.use = {"server:/x", "nfs", {}, {}}, .age_ms = 0}};
  std::string text = write_sample_frame(frame);
  const auto back = take_sample_frame(text);
  REQUIRE(back);
  REQUIRE(*back);
  CHECK(**back == frame);
  for (const char* bad :
       {"mount\nend\n", "mount size_mb=x source=a\nend\n", "mount size_mb=-1 source=a\nend\n", "mount colour=1 source=a\nend\n",
        "mount source=b\nmount source=a\nend\n", "mount age_ms=4294967296 source=a\nend\n"}) {
    CAPTURE(bad);
    std::string broken = bad;
    const auto taken = take_sample_frame(broken);
    REQUIRE(taken);
    CHECK_FALSE(*taken);
  }
}

TEST_CASE("mounts: sizes of this machine's root make sense, and a missing place is an error") {
  const auto size = read_file_system("/");
  REQUIRE(size);
  CHECK(size->size_mb > 0);
  CHECK(size->used_mb <= size->size_mb);
  CHECK_FALSE(read_file_system("/no/such/place"));
}

}  // namespace
}  // namespace capmap
