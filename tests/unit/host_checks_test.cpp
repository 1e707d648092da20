#include "common/host_checks.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/fake_host.hpp"
#include "tests/support/program.hpp"

namespace capmap {
namespace {

TEST_CASE("host checks: a folder and a secret that others may read are broken, and the fix is said") {
  const support::TemporaryFolder folder;
  const std::string state = folder.path() + "/state", key = state + "/agent.key";
  REQUIRE(mkdir(state.c_str(), 0755) == 0);
  auto found = check_private_folder("state", state, "nobody-of-that-name");
  CHECK(found.health == Health::kBroken);
  CHECK(found.fix == "chmod 700 " + state);
  REQUIRE(chmod(state.c_str(), 0700) == 0);
  CHECK(check_private_folder("state", state, "nobody-of-that-name").health == Health::kWell);

  std::ofstream(key) << "secret\n";
  REQUIRE(chmod(key.c_str(), 0640) == 0);
  found = check_secret_file("keys", key);
  CHECK(found.health == Health::kBroken);
  CHECK(found.fix == "chmod 600 " + key);
  REQUIRE(chmod(key.c_str(), 0600) == 0);
  CHECK(check_secret_file("keys", key).health == Health::kWell);
  CHECK(check_secret_file("keys", state + "/none").health == Health::kBroken);
  CHECK(check_private_folder("state", key, "root").health == Health::kBroken);
  if (geteuid() == 0) {
    REQUIRE(chown(key.c_str(), 12'345, 12'345) == 0);
    CHECK(check_secret_file("keys", key).health == Health::kBroken);
    CHECK(check_private_folder("state", state, "nobody").health == Health::kWarning);  // root's, and the service is not root
  }
}

TEST_CASE("host checks: a service is found by name, the one in its unit first, with rights and limits that hold") {
  test::FakeHost host;
  const auto process = [&](const std::string& pid, const std::string& cgroup, const std::string& files) {
    host.put("proc/" + pid + "/comm", "capmap-controll\n");
    host.put("proc/" + pid + "/status",
             "Name:\tcapmap-controll\nUid:\t998\t998\t998\t998\nGid:\t997\t997\t997\t997\nGroups:\t44 109 \n"
             "CapEff:\t0000000000200004\nNoNewPrivs:\t1\nSeccomp:\t2\n");
    host.put("proc/" + pid + "/limits",
             "Limit                     Soft Limit           Hard Limit           Units     \n"
             "Max core file size        0                    unlimited            bytes     \n"
             "Max open files            " +
                 files + "               524288               files     \n");
    host.put("proc/" + pid + "/cgroup", cgroup);
  };
  process("10", "0::/user.slice/session-1.scope\n", "1024");
  process("200", "0::/system.slice/capmap-controller.service\n", "201000");
  process("3000", "0::/user.slice\n", "unlimited");
  host.put("proc/42/comm", "bash\n");
  const HostRoot root(host.path());
  const auto found = find_service(root, "capmap-controller", "capmap-controller.service");
  REQUIRE(found);
  CHECK(found->pid == 200);
  CHECK(found->uid == 998);
  CHECK(found->groups == std::vector<std::uint32_t>{997, 44, 109});
  CHECK(found->open_files == 201'000);
  CHECK(found->core_bytes == 0);
  CHECK(found->no_new_privileges == true);
  CHECK(found->system_calls_filtered == true);
  REQUIRE(found->capabilities);
  CHECK(capability_words(*found->capabilities) == "cap_dac_read_search cap_sys_admin");
  CHECK_FALSE(find_service(root, "capmap-agent", "capmap-agent.service"));
}

TEST_CASE("host checks: lines of status and limits that are cut or odd tell nothing") {
  CHECK_FALSE(status_number("", "Uid", 10));
  CHECK_FALSE(status_number("Uid", "Uid", 10));
  CHECK_FALSE(status_number("Uid:", "Uid", 10));
  CHECK_FALSE(status_number("Uidx:\t1\n", "Uid", 10));
  CHECK(status_number("A:\t1\nUid:\t7 8\n", "Uid", 10) == 7);
  CHECK_FALSE(soft_limit("Max open files            unlimited            unlimited            files\n", "Max open files"));
  CHECK_FALSE(soft_limit("Max open files", "Max open files"));
  CHECK(capability_words(0).empty());
  CHECK(capability_words(std::uint64_t{1} << 63U) == "cap_63");
}

TEST_CASE("host checks: somaxconn below what a storm of agents needs is a warning") {
  test::FakeHost host;
  host.put("proc/sys/net/core/somaxconn", "128\n");
  CHECK(check_somaxconn(HostRoot(host.path())).health == Health::kWarning);
  host.put("proc/sys/net/core/somaxconn", "4096\n");
  CHECK(check_somaxconn(HostRoot(host.path())).health == Health::kWell);
  test::FakeHost bare;
  CHECK(check_somaxconn(HostRoot(bare.path())).health == Health::kNote);
}

TEST_CASE("host checks: what a process may open goes by owner, then group, then all others") {
  const support::TemporaryFolder folder;
  const std::string file = folder.path() + "/node";
  std::ofstream(file) << "x";
  ServiceProcess process{.pid = 1,
                         .uid = 54'321,
                         .groups = {12'345},
                         .capabilities = {},
                         .no_new_privileges = {},
                         .system_calls_filtered = {},
                         .open_files = {},
                         .core_bytes = {},
                         .cgroup = {}};
  REQUIRE(chmod(file.c_str(), 0604) == 0);
  CHECK(may_open(process, file, R_OK));
  CHECK_FALSE(may_open(process, file, R_OK | W_OK));
  process.groups.push_back(getegid());  // its group's bits hold then, though the others' would do
  CHECK_FALSE(may_open(process, file, R_OK));
  process.uid = geteuid();
  CHECK(may_open(process, file, R_OK | W_OK));
  CHECK_FALSE(may_open(process, folder.path() + "/none", R_OK));
}

}  // namespace
}  // namespace capmap
