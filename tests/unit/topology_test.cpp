#include "agent/probe/topology.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>
#include <utility>

#include "common/host_root.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

/// Two packages of two cores, one NUMA node each.
void put_machine(const FakeHost& host) {
  const std::string cpus = "sys/devices/system/cpu/";
  host.put(cpus + "online", "0-3\n");
  const char* cores[] = {"1", "2", "4", "8"};
  for (unsigned cpu = 0; cpu < 4; ++cpu) {
    const std::string folder = cpus + "cpu" + std::to_string(cpu) + "/topology/";
    host.put(folder + "thread_siblings", std::string(cores[cpu]) + "\n");
    host.put(folder + "core_siblings", cpu < 2 ? "3\n" : "c\n");
    host.put(folder + "core_id", std::to_string(cpu % 2) + "\n");
    host.put(folder + "physical_package_id", std::to_string(cpu / 2) + "\n");
  }
  for (unsigned node = 0; node < 2; ++node) {
    const std::string folder = "sys/devices/system/node/node" + std::to_string(node) + "/";
    host.put(folder + "cpumap", node == 0 ? "3\n" : "c\n");
    host.put(folder + "meminfo", "Node " + std::to_string(node) + " MemTotal:       1048576 kB\n");
  }
  host.put("sys/devices/system/node/online", "0-1\n");
  host.put("proc/cpuinfo", "processor\t: 0\n\nprocessor\t: 1\n\nprocessor\t: 2\n\nprocessor\t: 3\n");
}

void put_pci(const FakeHost& host, const std::string& address, const std::string& class_code, const std::string& vendor,
             const std::string& device) {
  const std::string folder = "sys/bus/pci/devices/" + address + "/";
  host.put(folder + "class", class_code + "\n");
  host.put(folder + "vendor", vendor + "\n");
  host.put(folder + "device", device + "\n");
  host.put(folder + "subsystem_vendor", "0x10de\n");
  host.put(folder + "subsystem_device", "0x16c1\n");
  host.put(folder + "local_cpus", "c\n");
}

/// A machine of one PU out of hwloc's XML, with these objects and with what it says of its kind of cores.
Result<Topology> load_xml(const std::string& objects, const std::string& kind) {
  const FakeHost host;
  const std::string sets = R"( cpuset="0x1" complete_cpuset="0x1" nodeset="0x1" complete_nodeset="0x1")";
  host.put("topology.xml", R"(<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE topology SYSTEM "hwloc2.dtd">
<topology version="2.0"><object type="Machine" os_index="0" allowed_cpuset="0x1" allowed_nodeset="0x1" gp_index="1")" +
                               sets + R"(>
<object type="NUMANode" os_index="0" local_memory="1048576" gp_index="2")" +
                               sets + R"(/>
<object type="Core" os_index="0" gp_index="3")" +
                               sets + R"(><object type="PU" os_index="0" gp_index="4")" + sets + R"(/></object>
)" + objects + R"(</object><cpukind cpuset="0x1">)" +
                               kind + "</cpukind></topology>");
  return load_topology("/", host.path() + "/topology.xml");
}

}  // namespace

TEST_CASE("topology: packages, cores, PUs and NUMA nodes of a captured machine are counted") {
  const FakeHost host;
  put_machine(host);
  const auto topology = load_topology(host.path(), "");
  REQUIRE(topology);
  CHECK(topology->packages == 2U);
  CHECK(topology->cores == 4U);
  CHECK(topology->pus == 4U);
  CHECK(topology->pus_allowed == 4U);
  REQUIRE(topology->kinds.size() == 1);
  CHECK(topology->kinds[0].cores == 4);
  CHECK(topology->kinds[0].pus == std::vector<unsigned>{0, 1, 2, 3});
  REQUIRE(topology->numa_nodes.size() == 2);
  CHECK(topology->numa_nodes[1].bytes == std::uint64_t{1} << 30);
  CHECK(topology->numa_nodes[1].kind == "dram");
}

TEST_CASE("topology: a capture without a note about its system does not take this machine's name or architecture") {
  const FakeHost host;
  put_machine(host);
  const auto silent = load_topology(host.path(), "");
  REQUIRE(silent);
  CHECK(silent->architecture.empty());
  CHECK(silent->hostname.empty());
  host.put("proc/hwloc-nofile-info", "Architecture: aarch64\nHostName: taishan01\n");
  const auto told = load_topology(host.path(), "");
  REQUIRE(told);
  CHECK(told->architecture == "aarch64");
  CHECK(told->hostname == "taishan01");
}

TEST_CASE("topology: cores of unlike capacity are two kinds, of unlike clocks one") {
  const FakeHost host;
  put_machine(host);
  for (unsigned cpu = 0; cpu < 4; ++cpu) {
    host.put("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq/cpuinfo_max_freq", cpu < 2 ? "3000000\n" : "2000000\n");
  }
  auto topology = load_topology(host.path(), "");
  REQUIRE(topology);
  CHECK(topology->kinds.size() == 1);
  for (unsigned cpu = 0; cpu < 4; ++cpu) {
    host.put("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpu_capacity", cpu < 1 ? "1024\n" : "446\n");
  }
  topology = load_topology(host.path(), "");
  REQUIRE(topology);
  REQUIRE(topology->kinds.size() == 2);
  CHECK(topology->kinds[0].cores + topology->kinds[1].cores == 4);
}

TEST_CASE("topology: a clock of zero, or one that no core has, is unknown") {
  const auto clocks_of = [](const std::string& base, const std::string& max) {
    const auto topology =
        load_xml("", R"(<info name="FrequencyBaseMHz" value=")" + base + R"("/><info name="FrequencyMaxMHz" value=")" + max + R"("/>)");
    REQUIRE(topology);
    REQUIRE(topology->kinds.size() == 1);
    return std::pair(topology->kinds[0].base_mhz, topology->kinds[0].max_mhz);
  };
  CHECK(clocks_of("2000", "3500") == std::pair(std::optional(2'000U), std::optional(3'500U)));
  CHECK(clocks_of("0", "20001") == std::pair(std::optional<std::uint32_t>(), std::optional<std::uint32_t>()));
  CHECK(clocks_of("0x", "-1") == std::pair(std::optional<std::uint32_t>(), std::optional<std::uint32_t>()));
}

TEST_CASE("topology: a device of the system that has no name is none") {
  const auto disk = [](const std::string& number, const std::string& name) {
    return R"(<object type="OSDev" gp_index=")" + number + R"(" name=")" + name + R"(" subtype="Disk" osdev_type="0"/>)";
  };
  const auto topology = load_xml(disk("5", "sda") + disk("6", ""), "");
  REQUIRE(topology);
  REQUIRE(topology->os_devices.size() == 1);
  CHECK(topology->os_devices[0].name == "sda");
}

TEST_CASE("topology: PCI devices come with class, ids and the NUMA node they hang at") {
  const FakeHost host;
  put_machine(host);
  put_pci(host, "0000:17:00.0", "0x030200", "0x10de", "0x2330");
  put_pci(host, "0001:17:00.0", "0x120000", "0x19e5", "0xd802");
  const auto topology = load_topology(host.path(), "");
  REQUIRE(topology);
  REQUIRE(topology->pci_devices.size() == 2);
  const auto& gpu = topology->pci_devices[0];
  CHECK(gpu.address == "0000:17:00.0");
  CHECK(gpu.class_code == 0x0302);
  CHECK(gpu.vendor_id == 0x10de);
  CHECK(gpu.device_id == 0x2330);
  CHECK(gpu.subsystem_device_id == 0x16c1);
  CHECK(gpu.numa_node == 1U);
  CHECK(topology->pci_devices[1].address == "0001:17:00.0");
}

TEST_CASE("topology: loading leaves the process's environment as it was") {
  ::setenv("HWLOC_HIDE_ERRORS", "7", 1);
  ::unsetenv("HWLOC_FSROOT");
  const FakeHost host;
  put_machine(host);
  REQUIRE(load_topology(host.path(), ""));
  CHECK(std::string(::getenv("HWLOC_HIDE_ERRORS")) == "7");
  CHECK(::getenv("HWLOC_FSROOT") == nullptr);
}

TEST_CASE("topology: a file that is no topology is malformed, a missing one absent") {
  const FakeHost host;
  host.put("bad.xml", "<topology><object");
  CHECK(load_topology("/", host.path() + "/bad.xml").error().code == ErrorCode::kMalformed);
  CHECK(load_topology("/", host.path() + "/none.xml").error().code == ErrorCode::kAbsent);
  CHECK(load_topology(host.path() + "/none", "").error().code == ErrorCode::kAbsent);
}

TEST_CASE("topology: the running machine has at least one core that we may use") {
  const auto topology = load_topology("/", "");
  REQUIRE(topology);
  CHECK(topology->pus.value_or(0) >= 1);
  CHECK(topology->pus_allowed.value_or(0) >= 1);
  CHECK_FALSE(topology->architecture.empty());
}
