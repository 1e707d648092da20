#include "agent/file_systems.hpp"

#include <catch2/catch.hpp>

#include "agent/mountinfo.hpp"
#include "agent/probe/capture_notes.hpp"
#include "agent/probe/file_system_list.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

std::string name_of(const std::string& behind_dash) {
  const auto line = "1 0 0:40 / /m rw - " + behind_dash + "\n";
  const auto mounts = parse_mountinfo(line);
  REQUIRE(mounts.size() == 1);
  return shared_name(mounts[0]);
}

}  // namespace

TEST_CASE("file systems: a network one is called what every machine calls it, by its kind's rule") {
  CHECK(name_of("nfs4 server:/export rw") == "server:/export");
  CHECK(name_of("nfs [fe80::1]:/export rw") == "[fe80::1]:/export");
  CHECK(name_of("cifs //server/share\\040one rw") == "//server/share one");
  CHECK(name_of("lustre 10.0.0.1@o2ib:10.0.0.2@o2ib:/big rw") == "10.0.0.1@o2ib:10.0.0.2@o2ib:/big");
  CHECK(name_of("ceph 10.0.0.2:6789,10.0.0.1:6789:/a rw,name=x") == "10.0.0.1:6789,10.0.0.2:6789:/a");
  CHECK(name_of("ceph 10.0.0.1:6789,10.0.0.2:6789:/a rw,name=y") == "10.0.0.1:6789,10.0.0.2:6789:/a");
  CHECK(name_of("ceph admin@b3acfc0d-575f-41d3.data=/home rw") == "ceph:b3acfc0d-575f-41d3.data=/home");
  CHECK(name_of("fuse.glusterfs server:/vol rw") == "server:/vol");
  CHECK(name_of("gpfs gpfs0 rw") == "gpfs:gpfs0");
  CHECK(name_of("gpfs /dev/gpfs0 rw") == "gpfs:gpfs0");
  CHECK(name_of("wekafs backend-1/default rw") == "wekafs:backend-1/default");
  CHECK(name_of("beegfs beegfs_nodev rw,cfgFile=/etc/beegfs/a.conf,x") == "beegfs:/etc/beegfs/a.conf");
  CHECK(name_of("gfs2 /dev/dm-3 rw,locktable=cluster:home") == "gfs2:cluster:home");
  CHECK(name_of("ocfs2 /dev/mapper/shared rw") == "ocfs2:/dev/mapper/shared");
  CHECK(name_of("9p 10.0.0.1 rw,trans=tcp,version=9p2000.L") == "9p:10.0.0.1");
}

TEST_CASE("file systems: what no other machine would know by that name has none") {
  for (const char* mount : {"ext4 /dev/sda1 rw", "tmpfs tmpfs rw", "beegfs beegfs_nodev rw", "gfs2 /dev/sdb rw", "ocfs2 /dev/sdb rw",
                            "9p host rw,trans=virtio", "virtiofs host rw", "fuse.mergerfs /mnt/a:/mnt/b rw",
                            "fuse.gvfsd-fuse gvfsd-fuse rw", "fuse.s3fs s3fs rw", "cifs // rw", "ceph nothing rw", "nfs :/x rw"}) {
    CAPTURE(mount);
    CHECK(name_of(mount).empty());
  }
}

TEST_CASE("file systems: local and network ones are listed once each, without sizes where the machine does not run here") {
  const FakeHost host;
  host.put("proc/self/mountinfo",
           "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
           "2 1 8:1 /srv /mnt/bind rw - ext4 /dev/sda1 rw\n"
           "3 1 0:40 / /home rw - nfs4 server:/home rw\n"
           "4 1 0:40 /a /home/a\\040b rw - nfs4 server:/home rw\n"
           "5 1 0:41 / /host rw - virtiofs host rw\n"
           "6 1 0:42 / /tmp rw - tmpfs tmpfs rw\n"
           "7 1 0:43 / /run/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw\n"
           "8 1 0:44 / /tank rw - zfs tank/data rw\n");
  const auto list = list_file_systems(host.root());
  CHECK(list.problems.empty());
  REQUIRE(list.value.size() == 4);
  CHECK(list.value[0] == MountedFileSystem{"/dev/sda1", "ext4", "/", {}, {}, false});
  CHECK(list.value[1] == MountedFileSystem{"tank/data", "zfs", "/tank", {}, {}, false});
  CHECK(list.value[2] == MountedFileSystem{"host", "virtiofs", "/host", {}, {}, true});
  CHECK(list.value[3] == MountedFileSystem{"server:/home", "nfs4", "/home", {}, {}, true});
}

TEST_CASE("file systems: a ZFS pool's free space counts once, and the size is what the use is a part of") {
  // The same folder stands for two data sets of one pool and for a disk of its own: each statvfs answers alike.
  const LocalFileSystem data{.device = "0:50", .mount_points = {"/"}, .source = "tank/a", .type = "zfs"};
  const LocalFileSystem more{.device = "0:51", .mount_points = {"/"}, .source = "tank/b", .type = "zfs"};
  const auto one = measure(data);
  REQUIRE(one);
  CHECK(one->free <= one->size);
  const auto sums = sum_file_systems({data, more});
  REQUIRE(sums.size_mb);
  const std::uint64_t slack_mb = 1'000;  // others write meanwhile
  CHECK(*sums.size_mb <= (2 * (one->size - one->free) + one->free) / 1'000'000 + slack_mb);
  CHECK(*sums.used_mb <= *sums.size_mb);
  const LocalFileSystem nowhere{.device = "8:250", .mount_points = {"/no/such/place"}, .source = "/dev/sdx", .type = "ext4"};
  CHECK_FALSE(sum_file_systems({nowhere}).size_mb);
  CHECK_FALSE(sum_file_systems({}).used_mb);
}

TEST_CASE("file systems: a capture's notes bring them back as they were, and nonsense in notes is left") {
  Machine machine;
  machine.file_systems = {{"/dev/mapper/a b\\c", "ext4", "/mnt/\n x", 1'000, 400, false}, {"server:/x", "nfs4", "/x", {}, {}, true}};
  Machine elsewhere;
  apply_notes(write_notes(machine), elsewhere);
  CHECK(elsewhere.file_systems == machine.file_systems);
  Machine untouched;
  apply_notes("file_system=\nfile_system=local ext4 /dev/sda1 / 10 20\nfile_system=local ext4 /dev/sda1 / 10 -\n", untouched);
  CHECK(untouched.file_systems.empty());
}

TEST_CASE("file systems: a run that tells nothing of network file systems is a problem, and where none is mounted nothing runs") {
  std::vector<MountedFileSystem> systems = {{"/dev/sda1", "ext4", "/", 10, 5, false}};
  CHECK(ask_network_sizes("/no/such/program", systems).empty());
  systems.push_back({"server:/x", "nfs4", "/x", {}, {}, true});
  REQUIRE(ask_network_sizes("/no/such/program", systems).size() == 1);
  CHECK(ask_network_sizes("/bin/true", systems).front().what == "capmap-probe mounts told nothing");
  const FakeHost folder;
  folder.put("mounts", "#!/bin/sh\necho 'mount age_ms=1 size_mb=1000 used_mb=400 type=nfs4 source=server:/x'\necho end\n");
  std::filesystem::permissions(folder.path() + "/mounts", std::filesystem::perms::owner_all);
  CHECK(ask_network_sizes(folder.path() + "/mounts", systems).empty());
  CHECK(systems[1].size_bytes == 1'000'000'000U);
  CHECK(systems[1].free_bytes == 600'000'000U);
  CHECK(systems[0].size_bytes == 10U);
}
