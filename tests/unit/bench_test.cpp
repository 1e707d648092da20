#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

#include "agent/probe/bench_run.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using namespace std::chrono_literals;

TEST_CASE("benchmark: a quota of a control group is thousandths of cores") {
  CHECK(*parse_cpu_max("150000 100000") == 1'500);
  CHECK(*parse_cpu_max("50000 100000") == 500);
  CHECK_FALSE(*parse_cpu_max("max 100000"));
  for (const char* text :
       {"", "max", "100000", "-1 100000", "1 0", "1 2 3", "0 100000", "99 100000", "18446744073709551615 1", "a b", "1\x01 2"}) {
    CAPTURE(text);
    CHECK(parse_cpu_max(text).error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("benchmark: the group of this process is found for both versions") {
  const char* both = "12:memory:/a/b\n4:cpu,cpuacct:/docker/1\n1:name=systemd:/\n0::/system.slice/x.service\n";
  CHECK(parse_cgroup_path(both, "") == "/system.slice/x.service");
  CHECK(parse_cgroup_path(both, "cpu") == "/docker/1");
  CHECK(parse_cgroup_path(both, "memory") == "/a/b");
  CHECK(parse_cgroup_path(both, "pids").empty());
  CHECK(parse_cgroup_path("0::nonsense\n:::\n\n", "").empty());
}

TEST_CASE("benchmark: the tightest limit of a group and of all above it holds, and is said") {
  const test::FakeHost host;
  host.put("proc/self/cgroup", "0::/outer/inner\n");
  host.put("sys/fs/cgroup/outer/cpu.max", "50000 100000\n");
  host.put("sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n");
  host.put("sys/fs/cgroup/outer/memory.max", "max\n");
  host.put("sys/fs/cgroup/outer/inner/memory.max", "1073741824\n");
  host.put("sys/fs/cgroup/outer/inner/memory.current", "536870912\n");
  host.put("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n");
  const auto limits = read_bench_limits(host.root());
  CHECK(limits.cpu_quota_millicores == 500);
  CHECK(limits.threads() == 1);
  CHECK(limits.memory_bytes == 536'870'912);
  CHECK(limits.memory_budget() == 536'870'912 / 4);
  REQUIRE(limits.limited_by.size() >= 2);
  CHECK(limits.limited_by[limits.limited_by.size() - 2] == "control group: 0.5 cores");
  CHECK(limits.limited_by.back() == "control group: 512 MiB of memory left");
}

TEST_CASE("benchmark: the installed library multiplies as the definition says, and its rate is of matrices within the limits") {
  constexpr std::uint32_t kSide = 48;
  std::vector<double> a(kSide * kSide), b(a.size()), wanted(a.size(), 0.0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<double>(i % 11) - 5;
    b[i] = static_cast<double>(i % 13) - 6;
  }
  for (std::size_t at = 0; at < a.size(); ++at) {
    for (std::size_t k = 0; k < kSide; ++k) wanted[at] += a[at / kSide * kSide + k] * b[k * kSide + at % kSide];
  }
  const auto fp64 = multiply_once(true, kSide, a, b);
  if (!fp64 && fp64.error().code == ErrorCode::kAbsent) {
    std::cout << "skipped: " << fp64.error().what << '\n';
    return;
  }
  REQUIRE(fp64);
  CHECK(*fp64 == wanted);
  const auto fp32 = multiply_once(false, kSide, a, b);
  REQUIRE(fp32);
  CHECK(*fp32 == wanted);
  CHECK(multiply_once(true, kSide + 1, a, b).error().code == ErrorCode::kMalformed);
  std::atomic<bool> stop{false};
  BenchLimits limits = read_bench_limits(HostRoot("/"));
  limits.memory_bytes = 64 << 20;
  const auto gemm = bench_gemm(true, limits, BenchClock(50ms, stop));
  REQUIRE(gemm);
  CHECK(gemm->mflops > 0);
  CHECK(std::uint64_t{3} * gemm->size * gemm->size * sizeof(double) <= limits.memory_budget());
  stop = true;
  CHECK(bench_gemm(true, limits, BenchClock(1h, stop)).error().code == ErrorCode::kTimeout);
}

TEST_CASE("benchmark: the triad runs on the PUs it may use and measures something, and a stopped one tells nothing") {
  std::atomic<bool> stop{false};
  BenchLimits limits = read_bench_limits(HostRoot("/"));
  limits.memory_bytes = 64 << 20;
  const auto triad = bench_triad(limits, BenchClock(50ms, stop));
  REQUIRE(triad);
  CHECK(triad->megabytes_a_second > 100);
  CHECK(triad->threads == limits.threads());
  CHECK(triad->bytes <= limits.memory_budget());
  limits.memory_bytes = 1 << 20;
  CHECK(bench_triad(limits, BenchClock(50ms, stop)).error().code == ErrorCode::kFull);
  limits.memory_bytes = 64 << 20;
  stop = true;
  CHECK(bench_triad(limits, BenchClock(1h, stop)).error().code == ErrorCode::kTimeout);
}

TEST_CASE("benchmark: the file to be read is gone from its folder, and a folder in memory is refused") {
  std::atomic<bool> stop{false};
  CHECK(bench_disk("/nonexistent", BenchClock(1s, stop), BenchClock(1s, stop)).error().code == ErrorCode::kAbsent);
  CHECK(bench_disk("/proc", BenchClock(1s, stop), BenchClock(1s, stop)).error().code != ErrorCode::kTimeout);
  const test::FakeHost host;
  stop = true;
  const auto stopped = bench_disk(host.path(), BenchClock(1h, stop), BenchClock(1h, stop));
  REQUIRE_FALSE(stopped);
  CHECK(host.root().list(".")->empty());
}
