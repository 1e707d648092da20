#include "agent/probe/disk_health.hpp"

#include <catch2/catch.hpp>

#include "agent/probe/shape_storage.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

TEST_CASE("disk health: eMMC's wear is the worse of its two figures, and unknown where it tells none") {
  CHECK(parse_emmc_life("0x01 0x02") == 20U);
  CHECK(parse_emmc_life("0x0b 0x01") == 110U);
  for (const char* text : {"", "0x00 0x00", "0x01", "0x0c 0x01", "0xff 0xff", "-1 2", "1 2 3", "\xff\xfe"})
    CHECK_FALSE(parse_emmc_life(text));
}

TEST_CASE("disk health: states and reserves are the kernel's words, other bytes are none") {
  const FakeHost host;
  host.put("sys/block/mmcblk0/device/life_time", "0x02 0x01\n");
  host.put("sys/block/mmcblk0/device/pre_eol_info", "0x02\n");
  host.put("sys/block/sda/device/state", "offline\n");
  host.put("sys/block/sdb/device/state", "\x01\xff\n");
  host.put("sys/block/sdb/device/pre_eol_info", "0x09\n");
  CHECK(read_disk_health(host.root(), "mmcblk0") == DiskHealth{.state = "", .wear_percent = 20, .reserve = "warning"});
  CHECK(read_disk_health(host.root(), "sda").state == "offline");
  CHECK(read_disk_health(host.root(), "sdb") == DiskHealth{});
}

TEST_CASE("disk health: a degraded array is told, and one that hides its figures has none") {
  const FakeHost host;
  host.put("sys/block/md0/md/level", "raid1\n");
  host.put("sys/block/md0/md/raid_disks", "2\n");
  host.put("sys/block/md0/md/degraded", "1\n");
  host.put("sys/block/md1/md/level", "raid0\n");
  host.put("sys/block/md1/md/degraded", "18446744073709551615\n");
  const auto read = read_raids(host.root());
  CHECK(read.problems.size() == 1);
  const auto& raids = read.value;
  REQUIRE(raids.size() == 2);
  CHECK(raids[0] == Raid{.name = "md0", .level = "raid1", .disks = 2, .degraded = 1});
  CHECK(raids[1] == Raid{.name = "md1", .level = "raid0", .disks = {}, .degraded = {}});
}

TEST_CASE("storage: paths of one multipath device are one disk, though no wwid is told") {
  const FakeHost host;
  for (const char* name : {"sda", "sdb", "sdc"}) {
    host.put("sys/block/" + std::string(name) + "/size", "2000\n");
    host.put("sys/block/" + std::string(name) + "/device/model", "X\n");
  }
  host.put("sys/block/dm-0/dm/uuid", "mpath-3600508b400105e210000900000490000\n");
  host.put("sys/block/dm-0/slaves/sdb/size", "");
  host.put("sys/block/dm-0/slaves/sdc/size", "");
  host.put("sys/block/dm-1/dm/uuid", "LVM-wbGqQEBL9SxrW2DLntJwgg8fAv946hw3\n");
  host.put("sys/block/dm-1/slaves/sda/size", "");
  host.put("sys/block/md0/size", "2000\n");
  const auto disks = read_storage_shape(host.root()).value;
  REQUIRE(disks.size() == 2);
  CHECK(disks[0].name == "sda");
  CHECK(disks[1].name == "sdb");
}
