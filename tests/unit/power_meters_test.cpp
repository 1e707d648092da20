#include "agent/probe/power_meters.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

/// A domain with its long-term and short-term limits, microwatts; an empty text leaves the file out.
void put_domain(const FakeHost& host, const std::string& folder, const std::string& name, const std::string& limit) {
  const auto path = "sys/class/powercap/" + folder;
  host.put(path + "/name", name + "\n");
  host.put(path + "/energy_uj", "123\n");
  host.put(path + "/constraint_0_name", "long_term\n");
  host.put(path + "/constraint_0_max_power_uw", "270000000\n");
  host.put(path + "/constraint_1_name", "short_term\n");
  host.put(path + "/constraint_1_power_limit_uw", "400000000\n");
  if (!limit.empty()) host.put(path + "/constraint_0_power_limit_uw", limit + "\n");
}

}  // namespace

TEST_CASE("power meters: the limit that holds is told, not what a sheet quotes; a second view of a package may tighten it") {
  const FakeHost host;
  host.put("sys/class/powercap/intel-rapl/enabled", "1\n");
  put_domain(host, "intel-rapl:0", "package-0", "225000000");
  put_domain(host, "intel-rapl:0:0", "dram", "0");
  put_domain(host, "intel-rapl:1", "package-1", "225000000");
  put_domain(host, "intel-rapl:2", "psys", "18446744073709551615");
  put_domain(host, "intel-rapl-mmio:0", "package-0", "180000000");
  const auto energy = read_power_meters(host.root());
  CHECK(energy.power_covers == "platform");
  REQUIRE(energy.meters.size() == 4);
  CHECK(energy.meters[0] == PowerMeter{"package-0", "powercap/intel-rapl:0", 180, ""});
  CHECK(energy.meters[1] == PowerMeter{"dram", "powercap/intel-rapl:0:0", {}, ""});
  CHECK(energy.meters[2] == PowerMeter{"package-1", "powercap/intel-rapl:1", 225, ""});
  CHECK(energy.meters[3] == PowerMeter{"psys", "powercap/intel-rapl:2", {}, ""});
}

TEST_CASE("power meters: a platform's own counter beside readable packages covers the platform, but not one that stands at zero") {
  const FakeHost host;
  put_domain(host, "intel-rapl:0", "package-0", "225000000");
  put_domain(host, "intel-rapl:1", "psys", "");
  CHECK(read_power_meters(host.root()).power_covers == "platform");
  host.put("sys/class/powercap/intel-rapl:1/energy_uj", "0\n");
  CHECK(read_power_meters(host.root()).power_covers == "cpu_packages");
  host.put("sys/class/powercap/intel-rapl:1/energy_uj", "x\n");
  CHECK(read_power_meters(host.root()).power_covers == "cpu_packages");
  host.put("sys/class/powercap/intel-rapl:1/energy_uj", "123\n");
  host.put("sys/class/powercap/intel-rapl:0/energy_uj", "x\n");
  CHECK(read_power_meters(host.root()).power_covers.empty());
}

TEST_CASE("power meters: a limit that is switched off holds nothing, and one that has no number is not told") {
  const FakeHost host;
  put_domain(host, "intel-rapl:0", "package-0", "225000000");
  host.put("sys/class/powercap/intel-rapl:0/enabled", "0\n");
  put_domain(host, "intel-rapl:1", "package-1", "lots");
  const auto energy = read_power_meters(host.root());
  REQUIRE(energy.meters.size() == 2);
  CHECK_FALSE(energy.meters[0].limit_watts);
  CHECK_FALSE(energy.meters[1].limit_watts);
}

TEST_CASE("power meters: a counter that cannot be read is listed with its reason, and then nothing is covered") {
  const FakeHost host;
  put_domain(host, "intel-rapl:0", "package-0", "225000000");
  put_domain(host, "intel-rapl:1", "package-1", "225000000");
  host.put("sys/class/powercap/intel-rapl:1/energy_uj", "x\n");
  const auto broken = read_power_meters(host.root());
  REQUIRE(broken.meters.size() == 2);
  CHECK(broken.meters[0].unreadable.empty());
  CHECK_FALSE(broken.meters[1].unreadable.empty());
  CHECK(broken.power_covers.empty());
  if (::geteuid() == 0) return;  // root may read all
  host.put("sys/class/powercap/intel-rapl:1/energy_uj", "1\n");
  std::filesystem::permissions(host.path() + "/sys/class/powercap/intel-rapl:1/energy_uj", std::filesystem::perms::none);
  CHECK(read_power_meters(host.root()).meters[1].unreadable.starts_with("not permitted: "));
}

TEST_CASE("power meters: a server's own meter is what is told, with its cap, before packages; drives and cards are no meters") {
  const FakeHost host;
  CHECK(read_power_meters(host.root()).meters.empty());
  host.put("sys/class/hwmon/hwmon0/name", "nvme\n");
  host.put("sys/class/hwmon/hwmon0/power1_input", "9000000\n");
  host.put("sys/class/hwmon/hwmon1/name", "fam15h_power\n");
  host.put("sys/class/hwmon/hwmon1/power1_input", "95000000\n");
  CHECK(read_power_meters(host.root()).power_covers == "processors");
  host.put("sys/class/hwmon/hwmon2/name", "power_meter\n");
  host.put("sys/class/hwmon/hwmon2/power1_average", "412000000\n");
  host.put("sys/class/hwmon/hwmon2/power1_cap", "600000000\n");
  const auto energy = read_power_meters(host.root());
  CHECK(energy.power_covers == "server");
  REQUIRE(energy.meters.size() == 2);
  CHECK(energy.meters[1] == PowerMeter{"power_meter", "hwmon/hwmon2/power1_average", 600, ""});
}
