#include "agent/probe/cgroup_limits.hpp"

#include <catch2/catch.hpp>

#include "agent/probe/doctor.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

TEST_CASE("cgroup limits: of version 2 the tightest limit up to the root holds") {
  const FakeHost host;
  CHECK_FALSE(read_cgroup_limits(host.root()).has_value());
  host.put("proc/self/cgroup", "0::/system.slice/agent.service\n");
  CHECK(read_cgroup_limits(host.root()) == CgroupLimits{});
  host.put("sys/fs/cgroup/system.slice/agent.service/cpu.max", "max 100000\n");
  host.put("sys/fs/cgroup/system.slice/agent.service/memory.max", "8589934592\n");
  host.put("sys/fs/cgroup/system.slice/cpu.max", "250000 100000\n");
  host.put("sys/fs/cgroup/system.slice/memory.max", "max\n");
  host.put("sys/fs/cgroup/system.slice/cpuset.cpus.effective", "0-3,8\n");
  CHECK(read_cgroup_limits(host.root()) == CgroupLimits{.cpu_millicores = 2'500, .memory_bytes = 8'589'934'592, .pus = 5});
}

TEST_CASE("cgroup limits: of version 1 each controller has its own tree") {
  const FakeHost host;
  host.put("proc/self/cgroup", "5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n3:cpuset:/\n1:name=systemd:/x\n");
  host.put("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "1073741824\n");
  host.put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  host.put("sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us", "50000\n");
  host.put("sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us", "100000\n");
  host.put("sys/fs/cgroup/cpuset/cpuset.effective_cpus", "0-1\n");
  CHECK(read_cgroup_limits(host.root()) == CgroupLimits{.cpu_millicores = 500, .memory_bytes = 1'073'741'824, .pus = 2});
}

TEST_CASE("cgroup limits: a doctor tells which limits of a service hold and which do not, whatever its unit asks for") {
  const FakeHost host;
  const auto found = [&] { return limits_finding(host.root(), "proc/42/cgroup"); };
  CHECK(found().health == Health::kNote);
  host.put("proc/42/cgroup", "0::/system.slice/capmap-agent.service\n");
  CHECK(found().health == Health::kWarning);
  CHECK(found().what == "no limit of memory, processors, tasks is in force");
  const std::string group = "sys/fs/cgroup/system.slice/capmap-agent.service/";
  host.put(group + "memory.max", "536870912\n");
  host.put(group + "pids.max", "512\n");
  CHECK(found().what == "no limit of processors is in force; in force: memory 512 MiB, tasks 512");
  host.put(group + "cpu.max", "150000 100000\n");
  CHECK(found().health == Health::kWell);
  CHECK(found().what == "memory 512 MiB, processors 1.50, tasks 512");

  const FakeHost old;  // version 1, whose controllers have trees of their own
  old.put("proc/42/cgroup", "8:pids:/x\n4:memory:/\n1:name=systemd:/system.slice/capmap-agent.service\n");
  old.put("sys/fs/cgroup/pids/x/pids.max", "100\n");
  CHECK(limits_finding(old.root(), "proc/42/cgroup").what == "no limit of memory, processors is in force; in force: tasks 100");
}

TEST_CASE("cgroup limits: nonsense limits nothing, and a group that leads out of the tree is the root") {
  const FakeHost host;
  host.put("proc/self/cgroup", "0::/../../other\n:::\n\x01\xff\n");
  for (const auto* text : {"-1 100000\n", "0 0\n", "18446744073709551615 1\n", "NaN NaN\n", "\xff\n", "\n", "1\n"}) {
    host.put("sys/fs/cgroup/cpu.max", text);
    host.put("sys/fs/cgroup/memory.max", text);
    host.put("sys/fs/cgroup/cpuset.cpus.effective", "x\n");
    const auto limits = read_cgroup_limits(host.root());
    REQUIRE(limits);
    CHECK_FALSE(limits->cpu_millicores.has_value());
    CHECK_FALSE(limits->pus.has_value());
  }
  host.put("sys/fs/cgroup/memory.max", "1073741824\n");
  CHECK(read_cgroup_limits(host.root())->memory_bytes == 1'073'741'824U);
}
