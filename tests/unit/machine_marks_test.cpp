#include "agent/machine_marks.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

using namespace capmap;
using test::FakeHost;

namespace {

constexpr const char *kUuid = "4c4c4544-0042-3510-8054-b4c04f565931", *kUuidFile = "sys/class/dmi/id/product_uuid";

/// A machine with ports, and settings of an agent on it.
struct Machine {
  FakeHost host;
  AgentSettings settings;

  Machine() { settings.fingerprint_salt = "pepper"; }
  void port(const std::string& name, const std::string& address, const std::string& assigned = "0\n") const {
    host.put_folder("sys/class/net/" + name + "/device");
    host.put("sys/class/net/" + name + "/address", address + "\n");
    host.put("sys/class/net/" + name + "/addr_assign_type", assigned);
  }
  [[nodiscard]] MachineMarks marks(const std::string& virtualization = "none") const {
    return read_machine_marks(host.root(), settings, virtualization);
  }
};

/// A bare machine with two ports.
struct BareMachine : Machine {
  BareMachine() {
    port("eno1", "b4:96:91:00:00:01");
    port("eno2", "b4:96:91:00:00:02");
  }
};

}  // namespace

TEST_CASE("machine marks: two agents of one bare machine agree on its ports, though one of them may read no UUID") {
  const BareMachine allowed, denied;
  allowed.host.put(kUuidFile, std::string(kUuid) + "\n");
  const auto one = allowed.marks(), other = denied.marks();
  CHECK(one.uuid == uuid_fingerprint("pepper", kUuid));
  CHECK_FALSE(other.uuid);
  REQUIRE(one.ports);
  CHECK(one.ports == other.ports);
  Machine salted;
  salted.settings.fingerprint_salt.clear();
  salted.settings.controller_public_key = "key";
  salted.port("eno1", "b4:96:91:00:00:01");
  salted.port("eno2", "b4:96:91:00:00:02");
  CHECK(salted.marks().ports == ports_fingerprint("key", {"b4:96:91:00:00:02", "b4:96:91:00:00:01"}));
}

TEST_CASE("machine marks: a virtual machine, and what does not know yet whether it is one, says its UUID alone") {
  const BareMachine machine;
  machine.host.put(kUuidFile, std::string(kUuid) + "\n");
  for (const char* word : {"kvm", "docker", "vm", ""}) {
    CHECK_FALSE(machine.marks(word).ports);
    CHECK(machine.marks(word).uuid);
  }
}

TEST_CASE("machine marks: firmware that has no UUID says nothing, and Xen's is taken where firmware's may not be read") {
  const BareMachine machine;
  machine.host.put(kUuidFile, "00000000-0000-0000-0000-000000000000\n");
  CHECK_FALSE(machine.marks().uuid);
  machine.host.put("sys/hypervisor/uuid", std::string(kUuid) + "\n");
  CHECK(machine.marks().uuid == uuid_fingerprint("pepper", kUuid));
}

TEST_CASE("machine marks: ports that come and go, or whose address is nobody's own, are not among a machine's") {
  const BareMachine machine;
  const auto plain = machine.marks().ports;
  machine.port("eno1v0", "b4:96:91:00:00:05");
  machine.host.put_folder("sys/class/net/eno1v0/device/physfn");
  machine.port("dock0", "b4:96:91:00:00:06");
  machine.host.put_folder("sys/bus/usb");
  std::filesystem::create_directory_symlink("../../../../bus/usb", machine.host.path() + "/sys/class/net/dock0/device/subsystem");
  machine.host.put("sys/class/net/br0/address", "b4:96:91:00:00:07\n");
  machine.port("bmc0", "02:96:91:00:00:08");                      // locally administered: alike on all boards
  machine.port("made0", "b4:96:91:00:00:09", "1\n");              // random at each start
  machine.port("ib0", "80:00:00:48:fe:80:00:00:00:00:00:00:00");  // not an address of six bytes
  CHECK(machine.marks().ports == plain);
  machine.port("eno3", "b4:96:91:00:00:0a");
  CHECK(machine.marks().ports != plain);
}

TEST_CASE("machine marks: a port below a bond keeps its own address for that") {
  const BareMachine machine;
  const auto plain = machine.marks().ports;
  machine.port("eno2", "b4:96:91:00:00:01", "3\n");  // the bond's
  machine.host.put("sys/class/net/eno2/bonding_slave/perm_hwaddr", "b4:96:91:00:00:02\n");
  CHECK(machine.marks().ports == plain);
  machine.host.remove("sys/class/net/eno2/bonding_slave");
  CHECK(machine.marks().ports != plain);
  machine.host.remove("sys/class/net");
  CHECK_FALSE(machine.marks().ports);
}
