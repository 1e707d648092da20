#include "agent/probe_network.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

const std::string kHeadings =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

TEST_CASE("network: bytes of the named interfaces are read, also where the number touches the name") {
  const auto text =
      kHeadings + "    lo:    3371 31 0 0 0 0 0 0 3371 31 0 0 0 0 0 0\n" + "  eth0:44175442 1045 0 0 0 0 0 0 45927 538 0 0 0 0 0 0\n";
  const auto nics = parse_network(text, {"eth0", "eth1"});
  REQUIRE(nics);
  CHECK(*nics == std::vector<TrafficCounters>{{.name = "eth0", .in = 44'175'442, .out = 45'927}});
  CHECK(parse_network(kHeadings, {"eth0"})->empty());
}

TEST_CASE("network: an interface with too few or wrong numbers has no meaning") {
  for (const char* line : {"eth0: 1 2 3 4 5 6 7 8\n", "eth0: x 2 3 4 5 6 7 8 9\n", "eth0:\n", "eth0: -1 2 3 4 5 6 7 8 9\n"}) {
    CAPTURE(line);
    CHECK(parse_network(line, {"eth0"}).error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("network: bridges, loopback and virtual functions of this host are left out") {
  const test::FakeHost host;
  host.put_folder("sys/class/net/eth0/device");
  host.put_folder("sys/class/net/eth0v1/device/physfn");
  host.put_folder("sys/class/net/br0");
  const auto table = [](const char* bytes) {
    std::string text = kHeadings;
    for (const char* name : {"eth0", "eth0v1", "br0"})
      text += std::string(name) + ": " + bytes + " 0 0 0 0 0 0 0 " + bytes + " 0 0 0 0 0 0 0\n";
    return text;
  };
  NetworkMemory memory;
  memory.order = {"eth9", "eth0"};
  host.put("proc/net/dev", table("1000"));
  const auto first = read_network(host.root(), memory, 1'000);
  REQUIRE(first);
  CHECK(*first == Traffic{});
  host.put("proc/net/dev", table("2000"));
  const auto second = read_network(host.root(), memory, 2'000);
  REQUIRE(second);
  CHECK(*second == Traffic{.in = 8, .out = 8, .devices = {{}, {.in = 8, .out = 8}}});
}

TEST_CASE("network: a virtual function under a hypervisor's port, which counts its bytes too, is not counted again; a bond's ports are") {
  const test::FakeHost host;
  for (const char* name : {"eth0", "enP1s1", "ens3"}) host.put_folder(std::string("sys/class/net/") + name + "/device");
  host.put_folder("sys/class/net/bond0/bonding");
  const auto link = [&](const char* name, const char* master) {
    std::filesystem::create_symlink(std::string("../") + master, host.path() + "/sys/class/net/" + name + "/master");
  };
  link("enP1s1", "eth0");
  link("ens3", "bond0");
  NetworkMemory memory;
  const auto table = [](const char* bytes) {
    std::string text = kHeadings;
    for (const char* name : {"eth0", "enP1s1", "ens3", "bond0"})
      text += std::string(name) + ": " + bytes + " 0 0 0 0 0 0 0 " + bytes + " 0 0 0 0 0 0 0\n";
    return text;
  };
  host.put("proc/net/dev", table("1000"));
  REQUIRE(read_network(host.root(), memory, 1'000));
  host.put("proc/net/dev", table("2000"));
  const auto traffic = read_network(host.root(), memory, 2'000);
  REQUIRE(traffic);
  CHECK(memory.physical == std::vector<std::string>{"ens3", "eth0"});
  CHECK(traffic->in == 16U);
}

TEST_CASE("network: a new interface is seen when it is looked for again, and a failed look is repeated at once") {
  const test::FakeHost host;
  NetworkMemory memory;
  CHECK(read_network(host.root(), memory, 0).error().code == ErrorCode::kAbsent);
  host.put_folder("sys/class/net/eth0/device");
  host.put("proc/net/dev", "eth0: 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0\neth1: 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0\n");
  REQUIRE(read_network(host.root(), memory, 1));
  CHECK(memory.physical == std::vector<std::string>{"eth0"});
  host.put_folder("sys/class/net/eth1/device");
  for (std::uint32_t tick = 0; tick < kNicLookEvery; ++tick) REQUIRE(read_network(host.root(), memory, 2 + tick));
  CHECK(memory.physical == std::vector<std::string>{"eth0", "eth1"});
}

}  // namespace
}  // namespace capmap
