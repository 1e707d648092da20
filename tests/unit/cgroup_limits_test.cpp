#include "agent/probe/cgroup_limits.hpp"

#include <catch2/catch.hpp>

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
