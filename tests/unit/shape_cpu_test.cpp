#include "agent/probe/shape_cpu.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

constexpr const char* kCpu = "sys/devices/system/cpu/";

/// Two cores of two PUs, all of one kind.
Topology small_topology() {
  Topology topology;
  topology.packages = 1;
  topology.cores = 2;
  topology.pus = 4;
  topology.kinds = {{.pus = {0, 1, 2, 3}, .cores = 2, .base_mhz = {}, .max_mhz = {}}};
  topology.numa_nodes = {{.number = 0, .bytes = 1 << 30, .kind = "dram"}, {.number = 8, .bytes = 1 << 30, .kind = "gpu"}};
  return topology;
}

void put_cpuinfo(const FakeHost& host, const std::string& model, const std::string& flags) {
  host.put("proc/cpuinfo",
           "vendor_id : GenuineIntel\ncpu family : 6\nmodel : 85\nstepping : 7\nmodel name : " + model + "\nflags : " + flags + "\n");
}

CoreKind only_kind(const FakeHost& host) {
  const auto cpu = read_cpu_shape(host.root(), small_topology());
  REQUIRE(cpu.value.shape.core_kinds.size() == 1);
  return cpu.value.shape.core_kinds.front();
}

}  // namespace

TEST_CASE("cpu shape: sysfs's base frequency goes before CPPC, the ACPI table and the model name") {
  const FakeHost host;
  put_cpuinfo(host, "Intel(R) Xeon(R) CPU @ 2.10GHz", "fpu");
  CHECK(only_kind(host).base_mhz == 2100U);
  CHECK(only_kind(host).base_source == ClockSource::kModelName);
  host.put(std::string(kCpu) + "cpu0/cpufreq/scaling_driver", "acpi-cpufreq\n");
  host.put(std::string(kCpu) + "cpu0/cpufreq/scaling_available_frequencies", "2201000 2200000 1500000 \n");
  CHECK(only_kind(host).base_mhz == 2200U);
  host.put(std::string(kCpu) + "cpu0/acpi_cppc/nominal_freq", "2300\n");
  CHECK(only_kind(host).base_mhz == 2300U);
  host.put(std::string(kCpu) + "cpu0/cpufreq/base_frequency", "2400000\n");
  CHECK(only_kind(host).base_mhz == 2400U);
  CHECK(only_kind(host).base_source == ClockSource::kSysfs);
}

TEST_CASE("cpu shape: a nominal clock of zero is unknown, and the name says the clock then") {
  const FakeHost host;
  put_cpuinfo(host, "AMD EPYC 7451 24-Core Processor", "fpu");
  host.put(std::string(kCpu) + "cpu0/acpi_cppc/nominal_freq", "0\n");
  CHECK_FALSE(only_kind(host).base_mhz.has_value());
  CHECK(only_kind(host).base_source == ClockSource::kUnknown);
}

TEST_CASE("cpu shape: the max clock is that of the most favoured core") {
  const FakeHost host;
  put_cpuinfo(host, "x", "fpu");
  CHECK_FALSE(only_kind(host).max_mhz.has_value());
  for (int pu = 0; pu < 4; ++pu) {
    host.put(kCpu + ("cpu" + std::to_string(pu)) + "/cpufreq/cpuinfo_max_freq", pu == 2 ? "4100000\n" : "3900000\n");
  }
  CHECK(only_kind(host).max_mhz == 4100U);
}

TEST_CASE("cpu shape: two kinds of cores have clocks of their own, and a name's clock is neither's") {
  const FakeHost host;
  put_cpuinfo(host, "12th Gen Intel(R) Core(TM) i7-1270P @ 2.20GHz", "fpu avx2");
  auto topology = small_topology();
  topology.kinds = {{.pus = {0, 1}, .cores = 1, .base_mhz = {}, .max_mhz = {}}, {.pus = {2, 3}, .cores = 2, .base_mhz = {}, .max_mhz = {}}};
  host.put(std::string(kCpu) + "cpu0/cpufreq/base_frequency", "2200000\n");
  const auto kinds = read_cpu_shape(host.root(), topology).value.shape.core_kinds;
  REQUIRE(kinds.size() == 2);
  CHECK(kinds[0].base_mhz == 2200U);
  CHECK_FALSE(kinds[1].base_mhz.has_value());
}

TEST_CASE("cpu shape: of a hybrid CPU's efficiency cores those with the lower base clock are the ones of least power") {
  const FakeHost host;
  put_cpuinfo(host, "Intel(R) Core(TM) Ultra 7 155H", "fpu avx2");
  auto topology = small_topology();
  topology.kinds = {{.pus = {0, 1}, .cores = 1, .base_mhz = {}, .max_mhz = {}, .type = CoreType::kPerformance},
                    {.pus = {2, 3, 4}, .cores = 3, .base_mhz = {}, .max_mhz = {}, .type = CoreType::kEfficiency}};
  const auto base = [&](unsigned pu, const char* khz) { host.put(kCpu + ("cpu" + std::to_string(pu)) + "/cpufreq/base_frequency", khz); };
  base(0, "1400000\n");
  base(2, "900000\n");
  base(3, "900000\n");
  base(4, "700000\n");
  const auto kinds = read_cpu_shape(host.root(), topology).value.shape.core_kinds;
  REQUIRE(kinds.size() == 3);
  CHECK(kinds[0].type == CoreType::kPerformance);
  CHECK(kinds[1].type == CoreType::kEfficiency);
  CHECK(kinds[1].cores == 2U);
  CHECK(kinds[1].base_mhz == 900U);
  CHECK(kinds[2].type == CoreType::kLowPower);
  CHECK(kinds[2].cores == 1U);
  CHECK(kinds[2].base_mhz == 700U);
}

TEST_CASE("cpu shape: a kernel that lists cores of least power is believed, whatever their clocks") {
  const FakeHost host;
  put_cpuinfo(host, "Intel(R) Core(TM) Ultra 7 255H", "fpu avx2");
  host.put("sys/devices/cpu_lowpower/cpus", "4-5\n");
  auto topology = small_topology();
  topology.kinds = {{.pus = {0, 1}, .cores = 1, .base_mhz = {}, .max_mhz = {}, .type = CoreType::kPerformance},
                    {.pus = {2, 3}, .cores = 2, .base_mhz = {}, .max_mhz = {}, .type = CoreType::kEfficiency},
                    {.pus = {4, 5}, .cores = 2, .base_mhz = {}, .max_mhz = {}}};
  const auto kinds = read_cpu_shape(host.root(), topology).value.shape.core_kinds;
  REQUIRE(kinds.size() == 3);
  CHECK(kinds[1].type == CoreType::kEfficiency);
  CHECK(kinds[2].type == CoreType::kLowPower);
  CHECK(kinds[2].pus == 2U);
}

TEST_CASE("cpu shape: packages of one die each have as many dies where the kernel numbers dies, and nowhere else") {
  const FakeHost host;
  const std::string topology = "sys/devices/system/cpu/cpu2/topology/";
  host.put("sys/devices/system/cpu/online", "2-5\n");  // the first two are switched off
  const auto dies = [&](const Topology& hwloc) { return read_cpu_shape(host.root(), hwloc).value.shape.dies; };
  Topology two = small_topology();
  two.packages = 2;
  two.cores = 4;
  CHECK_FALSE(dies(two));
  host.put(topology + "die_cpus", "3c\n");
  host.put(topology + "die_id", "-1\n");
  CHECK_FALSE(dies(two));
  host.put(topology + "die_id", "0\n");
  CHECK(dies(two) == 2U);
  two.dies = 4;  // what hwloc counts stands
  CHECK(dies(two) == 4U);
  two.dies.reset();
  two.packages.reset();
  CHECK_FALSE(dies(two));
}

TEST_CASE("cpu shape: an accelerator's memory node is not counted as a NUMA node") {
  const FakeHost host;
  put_cpuinfo(host, "x", "fpu");
  CHECK(read_cpu_shape(host.root(), small_topology()).value.shape.numa_nodes == 1U);
}

TEST_CASE("cpu shape: PUs that are offline make a problem line") {
  const FakeHost host;
  put_cpuinfo(host, "x", "fpu");
  host.put(std::string(kCpu) + "present", "0-7\n");
  host.put(std::string(kCpu) + "online", "0-3\n");
  const auto problems = read_cpu_shape(host.root(), small_topology()).problems;
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].what == "sys/devices/system/cpu/online: 4 of 8 PUs are offline and not counted");
}

TEST_CASE("cpu shape: without cpuinfo the counts stand and the problem names the file") {
  const FakeHost host;
  auto topology = small_topology();
  topology.architecture = "aarch64";
  const auto cpu = read_cpu_shape(host.root(), topology);
  CHECK(cpu.value.shape.cores == 2U);
  CHECK(cpu.value.shape.architecture == Architecture::kAarch64);
  CHECK(cpu.value.shape.model.empty());
  REQUIRE(cpu.problems.size() == 1);
  CHECK(cpu.problems[0] == Problem{"cpu", "proc/cpuinfo: no such file"});
}

TEST_CASE("cpu shape: below another root without processors the counts are unknown, never those of this machine") {
  const FakeHost host;
  Topology blind;
  blind.pus = 2;
  blind.pus_allowed = 2;
  blind.kinds = {{.pus = {0, 1}, .cores = 0, .base_mhz = {}, .max_mhz = {}}};
  blind.numa_nodes = {{.number = 0, .bytes = {}, .kind = "dram"}};
  const auto cpu = read_cpu_shape(host.root(), blind);
  CHECK_FALSE(cpu.value.shape.pus.has_value());
  CHECK_FALSE(cpu.value.shape.numa_nodes.has_value());
  CHECK_FALSE(cpu.value.pus_allowed.has_value());
  CHECK(cpu.value.shape.core_kinds.empty());
  REQUIRE_FALSE(cpu.problems.empty());
  CHECK(cpu.problems.front().what == "sys/devices/system/cpu: no processor in it");
}

TEST_CASE("cpu shape: packages of one core each are no sockets but on old bare x86 machines, and say so") {
  const FakeHost host;
  put_cpuinfo(host, "QEMU Virtual CPU", "fpu hypervisor");
  Topology guest = small_topology();
  guest.packages = guest.cores = guest.pus = 4;
  const auto cpu = read_cpu_shape(host.root(), guest);
  CHECK_FALSE(cpu.value.shape.packages.has_value());
  CHECK(cpu.value.packages_told == 4U);
  CHECK(cpu.value.shape.cores == 4U);
  REQUIRE(cpu.problems.size() == 1);
  CHECK(cpu.problems[0].what.find("4 packages of one core each") != std::string::npos);
  put_cpuinfo(host, "Intel(R) Xeon(R) CPU", "fpu");
  CHECK(read_cpu_shape(host.root(), guest).problems.empty());  // four sockets of one core were sold
  CHECK(read_cpu_shape(host.root(), guest).value.shape.packages == 4U);
  guest.packages = guest.cores = guest.pus = 32;
  CHECK_FALSE(read_cpu_shape(host.root(), guest).value.shape.packages.has_value());
  host.put("proc/cpuinfo", "CPU Family : Loongson-64bit\nModel Name : Loongson-3C6000\n");  // its kernel flags no guest
  CHECK_FALSE(read_cpu_shape(host.root(), guest).value.shape.packages.has_value());
  guest.packages = guest.cores = guest.pus = 1;
  CHECK(read_cpu_shape(host.root(), guest).value.shape.packages == 1U);
}

TEST_CASE("cpu shape: clusters of unlike ARM cores that firmware numbers as packages are one package") {
  const FakeHost host;
  host.put("proc/cpuinfo", "CPU implementer : 0x41\nCPU variant : 0x1\nCPU part : 0xd05\n");
  Topology board = small_topology();
  board.packages = 2;
  board.kinds = {{.pus = {0, 1}, .cores = 1, .base_mhz = {}, .max_mhz = {}}, {.pus = {2, 3}, .cores = 1, .base_mhz = {}, .max_mhz = {}}};
  const auto cpu = read_cpu_shape(host.root(), board);
  CHECK(cpu.value.shape.packages == 1U);
  CHECK(cpu.problems.size() == 1);
}
