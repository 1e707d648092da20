#include "agent/probe/guest_names.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tests/support/fake_host.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using test::FakeHost;
using Texts = std::set<std::string>;

namespace {

/// Arguments, each ended by a NUL, as the kernel shows them.
std::string command_line(const std::vector<std::string>& arguments) {
  std::string text;
  for (const auto& argument : arguments) text += argument + '\0';
  return text;
}

GuestNames names_in(const std::vector<std::string>& arguments) {
  GuestNames names;
  add_guest_names(command_line(arguments), names);
  return names;
}

const std::string kUuid = "0f3c1a52-7d1b-4f7e-9b1e-2a4c5d6e7f80";

}  // namespace

TEST_CASE("guest names: QEMU as libvirt starts it, with properties and with JSON") {
  const auto plain = names_in({"/usr/bin/qemu-system-x86_64", "-name", "guest=web1,debug-threads=on", "-uuid", kUuid, "-netdev",
                               "tap,fd=30,id=hostnet0,vhost=on", "-device",
                               "virtio-net-pci,netdev=hostnet0,id=net0,mac=52:54:00:0c:3b:7a,bus=pci.1,addr=0x0", "-device",
                               "e1000e,netdev=n1,mac=52:54:00:0C:3B:7B"});
  CHECK(plain.uuids == Texts{kUuid});
  CHECK(plain.addresses == Texts{"52:54:00:0c:3b:7a", "52:54:00:0C:3B:7B"});
  const auto json = names_in({"qemu-kvm", "-smbios", "type=1,manufacturer=Red Hat,uuid=" + kUuid + ",family=Virtual Machine", "-device",
                              R"({"driver":"virtio-net-pci","netdev":"hostnet0","id":"net0","mac":"52:54:00:0c:3b:7a","bus":"pci.1"})",
                              "-device", R"({ "mac" : "52:54:00:0c:3b:7c" })"});
  CHECK(json.uuids == Texts{kUuid});
  CHECK(json.addresses == Texts{"52:54:00:0c:3b:7a", "52:54:00:0c:3b:7c"});
}

TEST_CASE("guest names: QEMU by hand and by Proxmox, and Cloud Hypervisor") {
  const auto proxmox = names_in({"/usr/bin/kvm", "-id", "100", "-smbios", "type=1,uuid=" + kUuid, "-device",
                                 "virtio-net-pci,mac=BC:24:11:2E:5A:10,netdev=net0,bus=pci.0"});
  CHECK(proxmox.uuids == Texts{kUuid});
  CHECK(proxmox.addresses == Texts{"BC:24:11:2E:5A:10"});
  CHECK(names_in({"qemu-system-aarch64", "-net", "nic,macaddr=52:54:00:00:00:09", "-nic", "tap,mac=52:54:00:00:00:0a"}).addresses ==
        Texts{"52:54:00:00:00:09", "52:54:00:00:00:0a"});
  const auto cloud = names_in({"cloud-hypervisor", "--platform", "num_pci_segments=1,uuid=" + kUuid, "--net",
                               "tap=tap0,mac=12:34:56:78:90:ab,ip=10.0.0.1", "tap=tap1,mac=12:34:56:78:90:ac"});
  CHECK(cloud.uuids == Texts{kUuid});
  CHECK(cloud.addresses == Texts{"12:34:56:78:90:ab", "12:34:56:78:90:ac"});
}

TEST_CASE("guest names: what only looks like one is passed over") {
  const auto names = names_in({"qemu-system-x86_64", "-uuid", "not-one", "-smbios", "type=3,uuid=" + kUuid, "-drive",
                               "file=/srv/" + kUuid + ".img,uuid=" + kUuid, "-device", "x,hmac=52:54:00:00:00:01", "-device",
                               "y,mac=52:54:00:00:00:01:02", "-device", "z,mac=52:54:00:00:00", "-device", "\"mac\"", "-uuid"});
  CHECK(names.uuids.empty());
  CHECK(names.addresses.empty());
}

TEST_CASE("guest names: any bytes are read without harm, and no more names than are kept") {
  std::mt19937_64 random(run_seed());
  const std::vector<std::string> pieces = {"-uuid", "mac=",     "\"mac\"", "52:54:00:00:00:01", kUuid,     std::string(1, '\0'),
                                           ",",     "{",        "uuid=",   "--platform",        "type=1,", ":",
                                           "\"",    "macaddr=", "-smbios"};
  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    for (auto i = random() % 30; i > 0; --i) {
      text += random() % 4 == 0 ? std::string(1, static_cast<char>(random())) : pieces[random() % pieces.size()];
    }
    GuestNames names;
    add_guest_names(text, names);
    for (const auto& address : names.addresses) CHECK(address.size() == 17);
    for (const auto& uuid : names.uuids) CHECK((uuid.size() == 36 || uuid.size() == 32));
  }
  GuestNames many;
  for (int i = 0; i < 70'000; i += 7) {
    std::string address = "52:54:00:" + std::to_string(10 + i / 7 % 90) + ":" + std::to_string(10 + i / 630 % 90) + ":" +
                          std::to_string(10 + i / 56'700 % 90);
    add_guest_names("mac=" + address, many);
  }
  CHECK(many.addresses.size() == kMaxGuestNames);
}

TEST_CASE("guest names: command lines of hypervisors alone are read, and ports that carry a guest's address") {
  FakeHost host;
  host.put("proc/1/comm", "systemd\n");
  host.put("proc/1/cmdline", command_line({"init", "-uuid", kUuid}));
  host.put("proc/4711/comm", "qemu-system-x86\n");
  host.put("proc/4711/cmdline", command_line({"qemu-system-x86_64", "-device", "virtio-net-pci,mac=52:54:00:00:00:01"}));
  host.put("proc/4712/comm", "kvm\n");  // has just ended: no command line
  host.put("proc/self/comm", "qemu-system-x86\n");
  host.put("sys/class/net/vnet3/tun_flags", "0x5002\n");
  host.put("sys/class/net/vnet3/address", "fe:54:00:00:00:02\n");
  host.put("sys/class/net/tap100i0/tun_flags", "0x5002\n");
  host.put("sys/class/net/tap100i0/address", "8a:11:22:33:44:55\n");
  host.put("sys/class/net/tun0/tun_flags", "0x1001\n");
  host.put("sys/class/net/tun0/address", "fe:54:00:00:00:03\n");
  host.put_folder("sys/class/net/macvtap0/macvtap/tap9");
  host.put("sys/class/net/macvtap0/address", "52:54:00:00:00:04\n");
  host.put("sys/class/net/eth0/address", "b0:26:28:00:00:05\n");
  const auto names = read_guest_names(host.root());
  CHECK(names.processes == 1);
  CHECK(names.uuids.empty());
  CHECK(names.addresses == Texts{"52:54:00:00:00:01", "fe:54:00:00:00:02", "52:54:00:00:00:04"});
  CHECK(names.problems.empty());
}

TEST_CASE("guest names: where processes of others are hidden and no port tells, it is said what to do") {
  FakeHost host;
  host.put("proc/self/comm", "capmap-probe\n");
  const auto names = read_guest_names(host.root());
  REQUIRE(names.problems.size() == 1);
  CHECK(names.problems[0].what.find("ProtectProc=default") != std::string::npos);
  host.put("sys/class/net/vnet3/tun_flags", "0x5002\n");
  host.put("sys/class/net/vnet3/address", "fe:54:00:00:00:02\n");
  CHECK(read_guest_names(host.root()).problems.empty());
}
