#include "agent/probe/cpu_folders.hpp"

#include <catch2/catch.hpp>

#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

namespace {

void put_pu(const FakeHost& host, unsigned pu, const char* package, const char* core, const char* siblings) {
  const std::string folder = "sys/devices/system/cpu/cpu" + std::to_string(pu) + "/topology/";
  host.put(folder + "physical_package_id", std::string(package) + "\n");
  host.put(folder + "core_id", std::string(core) + "\n");
  if (*siblings) host.put(folder + "thread_siblings_list", std::string(siblings) + "\n");
}

}  // namespace

TEST_CASE("cpu folders: threads of a core are one core, and cores numbered anew in each package are several") {
  const FakeHost host;
  host.put("sys/devices/system/cpu/online", "0-3\n");
  host.put("sys/devices/system/cpu/present", "0-7\n");
  put_pu(host, 0, "0", "0", "0,2");
  put_pu(host, 1, "1", "0", "1,3");
  put_pu(host, 2, "0", "0", "0,2");
  put_pu(host, 3, "1", "0", "1,3");
  host.put_folder("sys/devices/system/node/node0");
  host.put_folder("sys/devices/system/node/node8");
  const auto folders = read_cpu_folders(host.root());
  CHECK(folders.online == std::vector<unsigned>{0, 1, 2, 3});
  CHECK(folders.packages == 2U);
  CHECK(folders.cores == 2U);
  CHECK_FALSE(folders.dies.has_value());
  CHECK(folders.offline == 4U);
  CHECK(folders.numa_nodes == std::vector<unsigned>{0, 8});
}

TEST_CASE("cpu folders: without sibling lists cores are known only while their numbers do not repeat") {
  const FakeHost host;
  host.put("sys/devices/system/cpu/online", "0-1\n");
  put_pu(host, 0, "0", "0", "");
  put_pu(host, 1, "0", "1", "");
  CHECK(read_cpu_folders(host.root()).cores == 2U);
  put_pu(host, 1, "0", "0", "");
  CHECK_FALSE(read_cpu_folders(host.root()).cores.has_value());
}

TEST_CASE("cpu folders: a package that firmware numbers -1 is told from others by its siblings") {
  const FakeHost host;
  for (unsigned pu = 0; pu < 4; ++pu) {
    put_pu(host, pu, "-1", "0", std::to_string(pu).c_str());
    host.put("sys/devices/system/cpu/cpu" + std::to_string(pu) + "/topology/core_siblings_list", "0-3\n");
  }
  host.put("sys/devices/system/cpu/cpu3/online", "0\n");
  const auto folders = read_cpu_folders(host.root());
  CHECK(folders.packages == 1U);
  CHECK(folders.cores == 3U);
  CHECK(folders.offline == 1U);
}

TEST_CASE("cpu folders: texts that are no lists or ids leave the counts unknown") {
  const FakeHost host;
  for (const char* text : {"", "-1", "0-4294967295", "3-1", "0,,1", "\x01\xff\xfe", "18446744073709551616", "nan"}) {
    CAPTURE(text);
    host.put("sys/devices/system/cpu/online", text);
    host.put("sys/devices/system/cpu/present", text);
    put_pu(host, 0, text, text, text);
    const auto folders = read_cpu_folders(host.root());
    CHECK(folders.online == std::vector<unsigned>{0});  // the folder itself is there
    CHECK_FALSE(folders.packages.has_value());
    CHECK_FALSE(folders.dies.has_value());
    CHECK(folders.offline == 0U);
  }
  host.put("sys/devices/system/cpu/online", "0-3\n");
  host.put("sys/devices/system/cpu/present", "0-1\n");
  CHECK_FALSE(read_offline_pus(host.root()).has_value());
}
