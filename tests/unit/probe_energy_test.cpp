#include "agent/probe_energy.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tests/support/fake_host.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kRange = 262'143'328'850;  // of a Xeon's package
constexpr std::uint64_t kSecond = 1'000'000;       // microjoules of one watt in a second

void put_domain(const test::FakeHost& host, const std::string& name, const std::string& what, const std::string& energy_uj) {
  const auto folder = "sys/class/powercap/" + name;
  host.put(folder + "/name", what + "\n");
  host.put(folder + "/max_energy_range_uj", std::to_string(kRange) + "\n");
  host.put(folder + "/energy_uj", energy_uj + "\n");
}

std::optional<std::uint32_t> watts(const test::FakeHost& host, EnergyMemory& memory, std::uint64_t now_ms) {
  const auto power = read_power(host.root(), memory, now_ms);
  REQUIRE(power);
  return *power;
}

}  // namespace

TEST_CASE("energy: a counter is followed once around its range, never further") {
  CHECK(energy_growth(1'000, 5'000, kRange, 10'000) == 4'000);
  CHECK(energy_growth(kRange - 10, 30, kRange, 10'000) == 40);
  CHECK_FALSE(energy_growth(1'000, 1'000, kRange, 10'000));     // stood still
  CHECK_FALSE(energy_growth(kRange, 0, kRange, 10'000));        // from the end to the beginning: the same
  CHECK_FALSE(energy_growth(9'000, 1'000, 0, 10'000));          // backwards, range not known
  CHECK_FALSE(energy_growth(kRange + 1, 30, kRange, 10'000));   // beyond its own range
  CHECK_FALSE(energy_growth(1'000, 5'000, kRange, 3'600'000));  // may have gone round more than once
  CHECK(energy_growth(0, UINT64_MAX, 0, 1) == UINT64_MAX);
}

TEST_CASE("energy: microjoules over milliseconds are watts, rounded; what no server takes is unknown") {
  CHECK(mean_watts(2'400 * kSecond, 10'000) == 240);
  CHECK(mean_watts(1'499 * kSecond, 10'000) == 150);
  CHECK(mean_watts(0, 10'000) == 0);
  CHECK_FALSE(mean_watts(5, 0));
  CHECK_FALSE(mean_watts(UINT64_MAX, 1));
}

TEST_CASE("energy: a counter that is not one number has no meaning") {
  for (const char* text : {"", "\n", "-1\n", "12x\n", "1\n2\n", "9223372036854775808123\n", "NaN\n", "0x10\n"}) {
    CAPTURE(text);
    CHECK(parse_counter(text, "energy_uj").error().code == ErrorCode::kMalformed);
  }
  CHECK(*parse_counter("18446744073709551615\n", "energy_uj") == UINT64_MAX);
}

TEST_CASE("energy: the packages are added; their parts and the second view of a package are not") {
  const test::FakeHost host;
  const auto put = [&](std::uint64_t uj0, std::uint64_t uj1) {
    put_domain(host, "intel-rapl:0", "package-0", std::to_string(uj0));
    put_domain(host, "intel-rapl:1", "package-1", std::to_string(uj1));
  };
  put_domain(host, "intel-rapl:0:0", "dram", "77777777");
  put_domain(host, "intel-rapl-mmio:0", "package-0", "1");
  put_domain(host, "intel-rapl:2", "uncore", "1");
  host.put_folder("sys/class/powercap/intel-rapl");
  put(kRange - 500 * kSecond, 1'000);
  EnergyMemory memory;
  CHECK_FALSE(watts(host, memory, 1'000));  // nothing to compare with yet
  put(500 * kSecond, 1'000 + 2'000 * kSecond);
  CHECK(watts(host, memory, 11'000) == 300);  // 100 W, around the end of its range, and 200 W
}

TEST_CASE("energy: psys counts for the whole platform, and only while it tells more than the packages over the same time") {
  const test::FakeHost host;
  std::uint64_t package_uj = 1'000, psys_uj = 5'000;
  const auto tick = [&](std::uint64_t package_watts, std::uint64_t psys_watts) {  // ten seconds
    package_uj += package_watts * 10 * kSecond;
    psys_uj += psys_watts * 10 * kSecond;
    put_domain(host, "intel-rapl:0", "package-0", std::to_string(package_uj));
    put_domain(host, "intel-rapl:1", "package-1", std::to_string(package_uj));
    put_domain(host, "intel-rapl:2", "psys", std::to_string(psys_uj % kRange));
  };
  EnergyMemory memory;
  std::uint64_t now_ms = 1'000;
  tick(0, 0);
  CHECK_FALSE(watts(host, memory, now_ms));
  const auto after = [&](std::uint64_t package_watts, std::uint64_t psys_watts) {
    tick(package_watts, psys_watts);
    return watts(host, memory, now_ms += 10'000);
  };
  CHECK(after(100, 480) == 480);
  CHECK(after(100, 0) == 200);                                    // stood still, as where firmware does not fill it
  CHECK(after(100, 199) == 200);                                  // counts a part
  CHECK(after(100, 9'000) == 9'000);                              // more than a package may take
  for (int i = 0; i < 4; ++i) CHECK(after(100, 7'000) == 7'000);  // around the end of its range
  CHECK(after(100, 20'000) == 200);                               // no server

  host.put("sys/class/powercap/intel-rapl:2/energy_uj", "binary\x01");
  package_uj += 1'000 * kSecond;
  put_domain(host, "intel-rapl:0", "package-0", std::to_string(package_uj));
  put_domain(host, "intel-rapl:1", "package-1", std::to_string(package_uj));
  CHECK(watts(host, memory, now_ms += 10'000) == 200);
  CHECK(after(100, 480) == 200);  // readable again, and nothing to compare with yet
  CHECK(after(100, 480) == 480);
}

TEST_CASE("energy: psys without packages is held against nothing and does not count; a meter of the server does") {
  const test::FakeHost host;
  put_domain(host, "intel-rapl:0", "psys", "1000");
  host.put("sys/class/hwmon/hwmon0/name", "power_meter\n");
  host.put("sys/class/hwmon/hwmon0/power1_average", "412000000\n");
  EnergyMemory memory;
  CHECK(watts(host, memory, 1'000) == 412);
}

TEST_CASE("energy: one package that cannot be read leaves the whole unknown, with one reason that stays until the next look") {
  const test::FakeHost host;
  put_domain(host, "intel-rapl:0", "package-0", "1000");
  put_domain(host, "intel-rapl:1", "package-1", "binary\x01");
  EnergyMemory memory;
  const auto first = read_power(host.root(), memory, 1'000);
  REQUIRE_FALSE(first);
  CHECK(first.error().what == "sys/class/powercap/intel-rapl:1/energy_uj: not one number");
  put_domain(host, "intel-rapl:1", "package-1", "1000");
  for (std::uint32_t tick = 1; tick < kPowerLookEvery; ++tick) CHECK_FALSE(read_power(host.root(), memory, 1'000 + tick));
  CHECK_FALSE(watts(host, memory, 100'000));  // it looks again
  put_domain(host, "intel-rapl:0", "package-0", std::to_string(1'000 + 100 * kSecond));
  put_domain(host, "intel-rapl:1", "package-1", std::to_string(1'000 + 100 * kSecond));
  CHECK(watts(host, memory, 101'000) == 200);
}

TEST_CASE(
    "energy: a meter of the whole server stands alone, else the processors' own sensors; a meter that tells nonsense is passed over") {
  const test::FakeHost host;
  host.put("sys/class/hwmon/hwmon0/name", "nvme\n");
  host.put("sys/class/hwmon/hwmon0/power1_input", "9000000\n");
  host.put("sys/class/hwmon/hwmon1/name", "fam15h_power\n");
  host.put("sys/class/hwmon/hwmon1/power1_input", "95400000\n");
  EnergyMemory of_processor;
  CHECK(watts(host, of_processor, 1'000) == 95);
  host.put("sys/class/hwmon/hwmon2/name", "power_meter\n");
  host.put("sys/class/hwmon/hwmon2/power1_average", "412000000\n");
  EnergyMemory of_server;
  CHECK(watts(host, of_server, 1'000) == 412);
  host.put("sys/class/hwmon/hwmon2/power1_average", "18446744073709551615\n");
  CHECK(watts(host, of_server, 2'000) == 95);
  host.put("sys/class/hwmon/hwmon1/power1_input", "0\n");
  const auto absurd = read_power(host.root(), of_server, 3'000);
  REQUIRE_FALSE(absurd);
  CHECK(absurd.error().what.find("hwmon1/power1_input: 0 microwatts are not credible") != std::string::npos);
  host.put("sys/class/hwmon/hwmon2/power1_average", "300000000\n");
  CHECK_FALSE(read_power(host.root(), of_server, 4'000));  // not before the next look
  for (std::uint32_t tick = 4; tick < kPowerLookEvery; ++tick) CHECK_FALSE(read_power(host.root(), of_server, 5'000));
  CHECK(watts(host, of_server, 6'000) == 300);
}

TEST_CASE("energy: the server's meter goes before its packages, and these stand in for it while it cannot be read") {
  const test::FakeHost host;
  put_domain(host, "intel-rapl:0", "package-0", "1000");
  host.put("sys/class/hwmon/hwmon0/name", "power_meter\n");
  host.put("sys/class/hwmon/hwmon0/power1_average", "500000000\n");
  EnergyMemory memory;
  CHECK(watts(host, memory, 10'000) == 500);
  host.put("sys/class/hwmon/hwmon0/power1_average", "0\n");
  CHECK_FALSE(watts(host, memory, 20'000));  // the packages' counter, with nothing to compare with yet
  put_domain(host, "intel-rapl:0", "package-0", std::to_string(1'000 + 100 * 10 * kSecond));
  CHECK(watts(host, memory, 30'000) == 100);
  host.put("sys/class/hwmon/hwmon0/power1_average", "510000000\n");
  std::optional<std::uint32_t> last;
  for (std::uint32_t tick = 3; tick <= kPowerRetryEvery; ++tick) last = watts(host, memory, 30'000 + tick);
  CHECK(last == 510);  // it was tried again
}

TEST_CASE("energy: counters nobody may read do not hide a meter or the processors' sensors") {
  const test::FakeHost host;
  put_domain(host, "intel-rapl:0", "package-0", "not for you");
  EnergyMemory alone;
  CHECK_FALSE(read_power(host.root(), alone, 1'000));
  host.put("sys/class/hwmon/hwmon0/name", "xgene_hwmon\n");
  host.put("sys/class/hwmon/hwmon0/power1_input", "45000000\n");
  EnergyMemory beside;
  CHECK(watts(host, beside, 1'000) == 45);
}

TEST_CASE("energy: a machine that measures nothing has no power, and that is no problem") {
  const test::FakeHost host;
  EnergyMemory memory;
  CHECK_FALSE(watts(host, memory, 1'000));
}

}  // namespace capmap
