#include "agent/probe/plausible.hpp"

#include <catch2/catch.hpp>

#include "agent/probe/cpu_folders.hpp"
#include "agent/probe/disk_health.hpp"
#include "agent/probe/shape_accelerator.hpp"
#include "agent/probe/shape_cpu.hpp"
#include "agent/probe/shape_memory.hpp"
#include "agent/probe/shape_network.hpp"
#include "agent/probe/shape_storage.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

/// What a broken sensor, driver or firmware says in place of a number.
const std::vector<std::string> kNonsense = {"-1\n",
                                            "-9223372036854775808\n",
                                            "9223372036854775808\n",
                                            "18446744073709551615\n",
                                            "18446744073709551616\n",
                                            "NaN\n",
                                            "",
                                            "\n",
                                            "1e9\n",
                                            "0x8000000000000000\n",
                                            "4 GB\n",
                                            std::string("\0\xff\x01\n", 4),
                                            "many\n"};

/// An hwloc topology of one package, core and PU, with one NUMA node and one disk.
std::string xml_with(const std::string& node_bytes, const std::string& disk_kib) {
  return R"(<?xml version="1.0" encoding="UTF-8"?>
<topology version="2.0">
 <object type="Machine" os_index="0" cpuset="0x1" complete_cpuset="0x1" allowed_cpuset="0x1" nodeset="0x1" complete_nodeset="0x1")"
         R"( allowed_nodeset="0x1" gp_index="1">
  <object type="NUMANode" os_index="0" cpuset="0x1" complete_cpuset="0x1" nodeset="0x1" complete_nodeset="0x1" gp_index="2")"
         " local_memory=\"" +
         node_bytes + R"("/>
  <object type="Package" os_index="0" cpuset="0x1" complete_cpuset="0x1" nodeset="0x1" complete_nodeset="0x1" gp_index="3">
   <object type="Core" os_index="0" cpuset="0x1" complete_cpuset="0x1" nodeset="0x1" complete_nodeset="0x1" gp_index="4">
    <object type="PU" os_index="0" cpuset="0x1" complete_cpuset="0x1" nodeset="0x1" complete_nodeset="0x1" gp_index="5"/>
   </object>
  </object>
  <object type="Bridge" gp_index="6" bridge_type="0-1" depth="0" bridge_pci="0000:[00-00]">
   <object type="PCIDev" gp_index="7" pci_busid="0000:00:1f.0" pci_type="0106 [8086:a182] [8086:7270] 09" pci_link_speed="0.000000">
    <object type="OSDev" gp_index="8" name="sda" subtype="Disk" osdev_type="0">
     <info name="Size" value=")" +
         disk_kib + R"("/>
    </object>
   </object>
  </object>
 </object>
</topology>
)";
}

}  // namespace

TEST_CASE("plausible: a figure within its bounds stays, one beyond is unknown with a problem line that is told once") {
  std::vector<Problem> problems;
  CHECK(plausible(7U, 7, "storage", "sys/x", problems) == 7U);
  CHECK_FALSE(plausible(std::nullopt, 7, "storage", "sys/x", problems));
  CHECK(problems.empty());
  CHECK_FALSE(plausible(8U, 7, "storage", "sys/x", problems));
  CHECK_FALSE(plausible(8U, 7, "storage", "sys/x", problems));
  CHECK(problems == std::vector<Problem>{{"storage", "sys/x: 8 is more than there can be (7)"}});
}

TEST_CASE("plausible: what is no number in a file is a problem, a file that is not there is none") {
  const FakeHost host;
  std::vector<Problem> problems;
  CHECK_FALSE(plausible_in(host.root(), "sys/none", 7, "cpu", problems));
  CHECK(problems.empty());
  for (const auto& text : kNonsense) {
    CAPTURE(text);
    host.put("sys/x", text);
    problems.clear();
    CHECK_FALSE(plausible_in(host.root(), "sys/x", 1 << 20, "cpu", problems));
    CHECK(problems.size() == 1);
  }
}

TEST_CASE("absurd: a disk's size that cannot be is unknown with a problem, the disk is counted") {
  for (auto text : kNonsense) {
    CAPTURE(text);
    if (text == "-1\n") text = "18014398509481984\n";  // 2^54 sectors: 2^63 bytes
    const FakeHost host;
    host.put("sys/block/sda/size", text);
    host.put("sys/block/sda/device/model", "ST8000NM000A\n");
    const auto storage = read_storage_shape(host.root());
    REQUIRE(storage.value.size() == 1);
    CHECK_FALSE(storage.value[0].shape.bytes.has_value());
    CHECK(storage.problems.size() == 1);
  }
}

TEST_CASE("absurd: an accelerator's memory that cannot be is unknown with a problem") {
  Topology topology;
  topology.pci_devices = {{.address = "0000:03:00.0", .class_code = 0x0380, .vendor_id = 0x1002, .device_id = 0x740f, .numa_node = {}}};
  for (const auto& text : kNonsense) {
    CAPTURE(text);
    const FakeHost host;
    host.put("sys/bus/pci/devices/0000:03:00.0/mem_info_vram_total", text);
    const HostRoot root = host.root();
    const auto read = read_accelerators(&root, topology, nullptr);
    REQUIRE(read.value.size() == 1);
    CHECK_FALSE(read.value[0].shape.memory_bytes.has_value());
    CHECK(read.problems.size() == 1);
  }
}

TEST_CASE("absurd: a topology file's memory and disks that cannot be are unknown with a problem each") {
  const FakeHost host;
  host.put("good.xml", xml_with("17179869184", "1048576"));
  auto topology = load_topology("/", host.path() + "/good.xml");
  REQUIRE(topology);
  CHECK(topology->problems.empty());
  CHECK(memory_from_topology(*topology).total_bytes == 17'179'869'184U);
  REQUIRE(storage_from_topology(*topology).size() == 1);
  CHECK(storage_from_topology(*topology)[0].shape.bytes == 1U << 30);
  for (const auto* bytes : {"9223372036854775808", "18446744073709551615", "18446744073709551616", "-1", "1125899906842625"}) {
    CAPTURE(bytes);
    host.put("bad.xml", xml_with(bytes, bytes));
    topology = load_topology("/", host.path() + "/bad.xml");
    REQUIRE(topology);
    CHECK(topology->problems.size() == 2);
    CHECK_FALSE(topology->numa_nodes.at(0).bytes.has_value());
    CHECK_FALSE(memory_from_topology(*topology).total_bytes.has_value());
    CHECK_FALSE(memory_from_topology(*topology).shape_bytes.has_value());
    CHECK_FALSE(storage_from_topology(*topology).at(0).shape.bytes.has_value());
  }
}

TEST_CASE("absurd: memory of nodes of which one cannot be, or that cannot be together, is unknown and no part of it") {
  Topology topology;
  topology.numa_nodes = {{.number = 0, .bytes = 1 << 30, .kind = "dram"}, {.number = 1, .bytes = {}, .kind = "dram", .absurd = true}};
  CHECK_FALSE(memory_from_topology(topology).total_bytes.has_value());
  topology.numa_nodes.assign(16'384, {.number = 0, .bytes = kMostNodeBytes, .kind = "dram"});
  CHECK_FALSE(memory_from_topology(topology).total_bytes.has_value());
}

TEST_CASE("absurd: a clock that cannot be is unknown, and told of one PU however many say so") {
  for (const auto& text : kNonsense) {
    CAPTURE(text);
    const FakeHost host;
    host.put("proc/cpuinfo", "processor\t: 0\n");
    Topology topology;
    topology.packages = topology.cores = topology.pus = 1;
    topology.kinds = {{.pus = {0, 1, 2}, .cores = 1, .base_mhz = {}, .max_mhz = {}}};
    for (const auto* pu : {"0", "1", "2"}) host.put(std::string("sys/devices/system/cpu/cpu") + pu + "/cpufreq/cpuinfo_max_freq", text);
    host.put("sys/devices/system/cpu/cpu0/cpufreq/base_frequency", text);
    const auto cpu = read_cpu_shape(host.root(), topology);
    CHECK_FALSE(cpu.value.shape.core_kinds.at(0).max_mhz.has_value());
    CHECK_FALSE(cpu.value.shape.core_kinds.at(0).base_mhz.has_value());
    CHECK(cpu.problems.size() == 2);
  }
}

TEST_CASE("absurd: an id of a package that is none leaves the packages unknown, with one problem line") {
  const FakeHost host;
  host.put("sys/devices/system/cpu/online", "0-1\n");
  for (const auto* pu : {"0", "1"}) {
    host.put(std::string("sys/devices/system/cpu/cpu") + pu + "/topology/physical_package_id", "9223372036854775808\n");
    host.put(std::string("sys/devices/system/cpu/cpu") + pu + "/topology/die_id", "-1\n");
  }
  const auto folders = read_cpu_folders(host.root());
  CHECK_FALSE(folders.packages.has_value());
  REQUIRE(folders.problems.size() == 1);
  CHECK(folders.problems[0].what.find("cpu0/topology/physical_package_id") != std::string::npos);
}

TEST_CASE("absurd: a port's speed that cannot be is unknown with a problem; a missing link is no problem") {
  for (const auto& text : kNonsense) {
    CAPTURE(text);
    const FakeHost host;
    host.put("sys/class/net/eth0/device/vendor", "0x15b3\n");
    host.put("sys/class/net/eth0/speed", text);
    const auto network = read_network_shape(host.root());
    REQUIRE(network.value.size() == 1);
    CHECK_FALSE(network.value[0].shape.speed_mbps.has_value());
    CHECK(network.problems.size() == (text == "-1\n" || text.empty() || text == "\n" ? 0U : 1U));
  }
  const FakeHost host;
  host.put_folder("sys/class/net");
  host.put("sys/class/infiniband/mlx5_0/ports/1/state", "4: ACTIVE\n");
  host.put("sys/class/infiniband/mlx5_0/ports/1/rate", "9223372036854775808 Gb/sec (4X NDR)\n");
  const auto network = read_network_shape(host.root());
  REQUIRE(network.value.size() == 1);
  CHECK_FALSE(network.value[0].shape.speed_mbps.has_value());
  CHECK(network.problems.size() == 1);
}

TEST_CASE("absurd: members of an array that cannot be are unknown with a problem") {
  const FakeHost host;
  host.put("sys/block/md0/md/level", "raid6\n");
  host.put("sys/block/md0/md/raid_disks", "9223372036854775808\n");
  host.put("sys/block/md0/md/degraded", "NaN\n");
  const auto raids = read_raids(host.root());
  CHECK(raids.value == std::vector<Raid>{{.name = "md0", .level = "raid6", .disks = {}, .degraded = {}}});
  CHECK(raids.problems.size() == 2);
}
