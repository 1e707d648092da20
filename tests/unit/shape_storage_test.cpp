#include "agent/probe/shape_storage.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

/// Puts a disk at `place` below sys/devices, with the links the kernel makes.
void put_disk(const FakeHost& host, const std::string& name, const std::string& place, const std::string& sectors,
              const std::string& model) {
  const std::string folder = "sys/devices/" + place + "/block/" + name;
  host.put(folder + "/size", sectors + "\n");
  host.put(folder + "/removable", "0\n");
  host.put(folder + "/queue/rotational", "1\n");
  if (!model.empty()) host.put("sys/devices/" + place + "/model", model + "\n");
  host.put_folder("sys/block");
  const std::filesystem::path root = host.path();
  std::filesystem::create_symlink("../../../" + place.substr(place.rfind('/') + 1), root / (folder + "/device"));
  std::filesystem::create_symlink("../devices/" + place + "/block/" + name, root / ("sys/block/" + name));
}

std::vector<std::string> names_of(const std::vector<Disk>& disks) {
  std::vector<std::string> names;
  for (const auto& disk : disks) names.push_back(disk.name);
  return names;
}

}  // namespace

TEST_CASE("storage shape: a rotating SATA disk gives media, bytes and model") {
  const FakeHost host;
  put_disk(host, "sda", "pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0", "7814037168", "ST4000NM0035-1V4  ");
  const auto storage = read_storage_shape(host.root());
  REQUIRE(storage.value.size() == 1);
  CHECK(storage.value[0].shape == DiskShape{.media = Media::kHdd, .model = "ST4000NM0035-1V4", .bytes = 4'000'787'030'016, .count = 1});
  CHECK(storage.problems.empty());
}

TEST_CASE("storage shape: devices that are no disk of their own are left out") {
  const FakeHost host;
  for (const char* name : {"loop0", "ram1", "zram0", "dm-0", "md127", "sr0", "fd0", "mmcblk0boot0"}) {
    put_disk(host, name, std::string("pci0000:00/") + name, "100", "x");
  }
  host.put("sys/block/nbd5/size", "100\n");
  host.put("sys/block/virtual/size", "100\n");  // no device link
  put_disk(host, "sdb", "pci0000:00/card/reader", "0", "Card Reader");
  host.put("sys/devices/pci0000:00/card/reader/block/sdb/removable", "1\n");
  CHECK(read_storage_shape(host.root()).value.empty());
}

TEST_CASE("storage shape: a second path to the same disk and a hidden NVMe path are the same disk") {
  const FakeHost host;
  for (const char* name : {"sda", "sdb"}) {
    put_disk(host, name, std::string("pci0000:00/host/") + name, "1000", "MZILT1T9");
    host.put(std::string("sys/devices/pci0000:00/host/") + name + "/wwid", "naa.5002538b00000001\n");
  }
  put_disk(host, "nvme0n1", "virtual/nvme-subsystem/nvme-subsys0", "1000", "INTEL SSDPE2KX040T8");
  put_disk(host, "nvme0c0n1", "pci0000:00/0000:81:00.0/nvme/nvme0", "1000", "INTEL SSDPE2KX040T8");
  host.put("sys/devices/pci0000:00/0000:81:00.0/nvme/nvme0/block/nvme0c0n1/hidden", "1\n");
  CHECK(names_of(read_storage_shape(host.root()).value) == std::vector<std::string>{"nvme0n1", "sda"});
}

TEST_CASE("storage shape: disks that lie elsewhere are remote, and a guest's disk is of unknown media") {
  const FakeHost host;
  put_disk(host, "sda", "platform/host8/session1/target8:0:0/8:0:0:1", "1000", "VIRTUAL-DISK");
  put_disk(host, "sdb", "pci0000:00/host9/rport-9:0-0/target9:0:0/9:0:0:1", "1000", "INF-01-00");
  put_disk(host, "nvme0n1", "virtual/nvme-fabrics/ctl/nvme0", "1000", "Linux");
  host.put("sys/devices/virtual/nvme-fabrics/ctl/nvme0/transport", "tcp\n");
  put_disk(host, "nvme1n1", "pci0000:00/0000:00:04.0/nvme/nvme1", "1000", "Amazon Elastic Block Store");
  put_disk(host, "vda", "pci0000:00/0000:00:02.0/virtio1", "1000", "");
  put_disk(host, "sdc", "pci0000:00/host3/target3:0:0/3:0:0:0", "1000", "QEMU HARDDISK");
  std::vector<Media> media;
  for (const auto& disk : read_storage_shape(host.root()).value) media.push_back(disk.shape.media);
  using M = Media;
  CHECK(media == std::vector{M::kRemote, M::kRemote, M::kRemote, M::kRemote, M::kUnknown, M::kUnknown});  // nvme0n1 nvme1n1 sda sdb sdc vda
}

TEST_CASE("storage shape: a disk whose size is nonsense is counted with unknown bytes and a problem") {
  const FakeHost host;
  put_disk(host, "sda", "pci0000:00/host/a", "many", "x");
  put_disk(host, "sdb", "pci0000:00/host/b", "0", "x");
  put_disk(host, "sdc", "pci0000:00/host/c", "18446744073709551615", "x");
  const auto storage = read_storage_shape(host.root());
  REQUIRE(storage.value.size() == 3);
  for (const auto& disk : storage.value) CHECK_FALSE(disk.shape.bytes.has_value());
  CHECK(storage.problems.size() == 3);
}

TEST_CASE("storage shape: a machine without sys/block says so") {
  const FakeHost host;
  const auto storage = read_storage_shape(host.root());
  CHECK(storage.value.empty());
  REQUIRE(storage.problems.size() == 1);
  CHECK(storage.problems[0] == Problem{"storage", "sys/block: no such file"});
}

TEST_CASE("storage shape: a medium that can be taken out is no disk of the machine, one without a device link in a PCI path is") {
  const FakeHost host;
  put_disk(host, "sda", "pci0000:00/0000:00:14.0/usb1/1-1/host0/target0:0:0/0:0:0:0", "60062500", "USB stick");
  put_disk(host, "sdb", "pci0000:00/0000:00:17.0/ata1/host1/target1:0:0/1:0:0:0", "60062500", "");
  host.put("sys/block/sda/removable", "1\n");
  host.remove("sys/block/sdb/device");
  put_disk(host, "virtual0", "virtual/block", "60062500", "");
  host.remove("sys/block/virtual0/device");
  CHECK(names_of(read_storage_shape(host.root()).value) == std::vector<std::string>{"sdb"});
}
