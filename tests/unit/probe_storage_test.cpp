#include "agent/probe_storage.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "agent/file_systems.hpp"
#include "common/coarse_rate.hpp"
#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

std::string disk_line(const std::string& name, const std::string& read, const std::string& written) {
  return "   8       0 " + name + " 100 5 " + read + " 9 200 6 " + written + " 8 0 7 6 0 0 0 0 0 0\n";
}

TEST_CASE("storage: sectors of the named disks are read, partitions and virtual disks are not") {
  const auto disks =
      parse_disks(disk_line("sda", "3495802", "1401408") + disk_line("sda1", "1", "1") + disk_line("loop0", "1", "1"), {"sda"});
  REQUIRE(disks);
  CHECK(*disks == std::vector<TrafficCounters>{{.name = "sda", .in = 1'401'408, .out = 3'495'802}});
}

TEST_CASE("storage: a disk with too few or wrong numbers has no meaning") {
  for (const char* line : {"8 0 sda\n", "8 0 sda 1 2 3 4 5 6\n", "8 0 sda 1 2 x 4 5 6 7\n"}) {
    CAPTURE(line);
    CHECK(parse_disks(line, {"sda"}).error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("storage: only disks with a device behind them count, CD drives do not") {
  const test::FakeHost host;
  host.put_folder("sys/block/sda/device");
  host.put_folder("sys/block/sr0/device");
  host.put_folder("sys/block/loop0");
  StorageMemory memory;
  memory.order = {"sda", "sr0"};
  const auto table = [](const char* sectors) {
    return disk_line("sda", sectors, sectors) + disk_line("sr0", sectors, sectors) + disk_line("loop0", sectors, sectors);
  };
  host.put("proc/diskstats", table("1000"));
  REQUIRE(read_disk_traffic(host.root(), memory, 1'000));
  host.put("proc/diskstats", table("2000"));
  const auto rates = read_disk_traffic(host.root(), memory, 2'000);
  REQUIRE(rates);
  CHECK(*rates == Traffic{.in = 512, .out = 512, .devices = {{.in = coarse_rate(512), .out = coarse_rate(512)}, {}}});
}

TEST_CASE("storage: each local device is listed once with the places it is mounted at, newest first") {
  const auto systems = parse_mounts(
      "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
      "28 27 254:0 /srv /mnt/a\\040b rw shared:5 master:2 - ext4 /dev/vda rw\n"
      "29 27 0:50 / /data rw - btrfs /dev/sdb rw\n"
      "30 27 0:51 / /tank rw - zfs tank/home rw\n");
  REQUIRE(systems.size() == 3);
  CHECK(systems[2] == LocalFileSystem{.device = "254:0", .mount_points = {"/mnt/a b", "/"}, .source = "/dev/vda", .type = "ext4"});
  CHECK(systems[1] == LocalFileSystem{.device = "0:50", .mount_points = {"/data"}, .source = "/dev/sdb", .type = "btrfs"});
  CHECK(systems[0].mount_points == std::vector<std::string>{"/tank"});
}

TEST_CASE("storage: network, memory, loop and FUSE file systems are never asked") {
  CHECK(parse_mounts("1 0 0:21 / /proc rw - proc proc rw\n"
                     "2 0 0:30 / /nfs rw - nfs4 server:/x rw\n"
                     "3 0 0:31 / /tmp rw - tmpfs tmpfs rw\n"
                     "4 0 7:0 / /snap rw - ext4 /dev/loop0 rw\n"
                     "5 0 43:0 / /nbd rw - ext4 /dev/nbd0 rw\n"
                     "6 0 0:32 / /fuse rw - fuseblk /dev/sdc1 rw\n"
                     "7 0 0:33 / /lustre rw - lustre mds@tcp:/l rw\n"
                     "8 0 0:34 / /o rw - overlay overlay rw\n")
            .empty());
}

TEST_CASE("storage: what is mounted below a file system that may hang is not walked to") {
  const auto systems = parse_mounts(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 1 0:40 / /net rw - nfs4 server:/x rw\n"
      "3 2 8:2 / /net/scratch rw - xfs /dev/sdb1 rw\n"
      "4 1 8:3 / /network rw - xfs /dev/sdc1 rw\n");
  REQUIRE(systems.size() == 2);
  CHECK(systems[0] == LocalFileSystem{.device = "8:3", .mount_points = {"/network"}, .source = "/dev/sdc1", .type = "xfs"});
  CHECK(systems[1].device == "8:1");
}

TEST_CASE("storage: a mount point that a later mount covers is not asked, and lines without meaning are skipped") {
  CHECK(parse_mounts("1 0 8:1 / /home rw - ext4 /dev/sda1 rw\n2 0 0:9 / /home ro - tmpfs tmpfs ro\n").empty());
  CHECK(parse_mounts("\n\nx\n1 0 8:1 / /home rw ext4\n - ext4 /dev/sda1\n").size() <= 1);
}

TEST_CASE("storage: use of the running machine's disks is known where it has local ones, of a captured one it is unknown") {
  const test::FakeHost host;
  host.put("proc/self/mountinfo", "27 1 254:0 / / rw - ext4 /dev/vda rw\n");
  StorageMemory memory;
  const auto captured = read_storage_used(host.root(), memory);
  REQUIRE(captured);
  CHECK_FALSE(*captured);

  const HostRoot live;
  StorageMemory live_memory;
  const auto used = read_storage_used(live, live_memory);
  REQUIRE(used);
  const auto mounts = live.read("proc/self/mountinfo", 4 << 20);
  REQUIRE(mounts);
  if (parse_mounts(*mounts).empty()) {
    CHECK_FALSE(*used);
  } else {
    CHECK(used->value_or(0) > 0);
  }
}

}  // namespace
}  // namespace capmap
