#include "agent/hardware_signs.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

TEST_CASE("hardware signs: nothing has changed at the first look, nor while the machine stays what it is") {
  const test::FakeHost host;
  for (const char* folder : {"sys/bus/pci/devices/0000:17:00.0", "sys/block/sda", "sys/class/net/eth0"}) host.put_folder(folder);
  host.put("proc/meminfo", "MemTotal: 100 kB\nMemFree: 5 kB\n");
  HardwareSigns signs;
  CHECK_FALSE(signs.changed(host.root(), 1));
  host.put("proc/meminfo", "MemTotal: 100 kB\nMemFree: 4 kB\n");
  host.put_folder("sys/block/loop7");
  host.put_folder("sys/class/net/veth12ab");
  CHECK_FALSE(signs.changed(host.root(), 1 + kSignsEveryMs));
}

TEST_CASE("hardware signs: a device, a disk, an interface, a PU or memory that comes or goes is seen within the time of a look") {
  const test::FakeHost host;
  HardwareSigns signs;
  std::uint64_t now = 1;
  const auto seen = [&] {
    const bool too_early = signs.changed(host.root(), now + kSignsEveryMs - 1);
    now += kSignsEveryMs;
    return !too_early && signs.changed(host.root(), now);
  };
  CHECK_FALSE(signs.changed(host.root(), now));
  host.put_folder("sys/bus/pci/devices/0000:17:00.0");
  CHECK(seen());
  host.put_folder("sys/block/sda");
  CHECK(seen());
  host.put_folder("sys/class/net/eth0");
  CHECK(seen());
  host.put("sys/devices/system/cpu/online", "0-3\n");
  CHECK(seen());
  host.put("proc/meminfo", "MemTotal: 100 kB\n");
  CHECK(seen());
  CHECK_FALSE(seen());
  host.put("proc/meminfo", "MemTotal: 99 kB\n");
  CHECK(seen());
}

}  // namespace
}  // namespace capmap
