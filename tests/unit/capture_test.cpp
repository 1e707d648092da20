#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <string>

#include "agent/probe/capture_archive.hpp"
#include "agent/probe/capture_names.hpp"
#include "agent/probe/capture_notes.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
namespace fs = std::filesystem;

namespace {

using Kind = CapturedEntry::Kind;

/// Puts captured files below a folder, as unpacking them would.
void unpack(const CapturedFiles& files, const test::FakeHost& host) {
  for (const auto& [path, entry] : files) {
    const fs::path place = fs::path(host.path()) / path;
    if (entry.kind == Kind::kFolder) fs::create_directories(place);
    if (entry.kind == Kind::kFile) host.put(path, entry.text);
    if (entry.kind != Kind::kLink) continue;
    fs::create_directories(place.parent_path());
    fs::create_symlink(entry.text, place);
  }
}

void do_nothing(std::size_t, std::size_t) {}

}  // namespace

TEST_CASE("capture: another root over what was taken answers every question that was asked, the same way") {
  const test::FakeHost host;
  host.put("sys/devices/pci0/net/eth0/speed", "25000\n");
  host.put("sys/devices/pci0/vendor", "0x15b3\n");
  host.put("sys/devices/pci0/not_asked", "secret\n");
  host.put_folder("sys/class/net");
  fs::create_symlink("../../devices/pci0/net/eth0", fs::path(host.path()) / "sys/class/net/eth0");
  fs::create_symlink("../../../pci0", fs::path(host.path()) / "sys/devices/pci0/net/eth0/device");
  fs::create_symlink("/nowhere/at/all", fs::path(host.path()) / "sys/devices/pci0/driver");
  fs::create_symlink("loop", fs::path(host.path()) / "loop");
  HostReads reads;
  const HostRoot asked(host.path(), &reads);
  const auto questions = [](const HostRoot& root) {
    std::string answers;
    const auto say = [&answers](const auto& result) { answers += (result ? *result : result.error().what) + "\n"; };
    say(root.read_line("sys/class/net/eth0/speed"));
    say(root.read_line("sys/class/net/eth0/device/vendor"));
    say(root.read_line("sys/class/net/eth1/speed"));
    say(root.link_target("sys/class/net/eth0"));
    say(root.link_name("sys/class/net/eth0/device/driver"));
    const auto names = root.list("sys/class/net");
    for (const auto& name : *names) answers += name + "\n";
    for (const auto* path : {"sys/class/net/eth0/device", "sys/class/net/eth0/wireless", "loop"}) answers += root.exists(path) ? "y" : "n";
    return answers;
  };
  const auto there = questions(asked);
  const auto files = collect_files(HostRoot(host.path()), reads);
  CHECK(files.count("sys/devices/pci0/not_asked") == 0);
  CHECK(files.at("sys/devices/pci0/driver") == CapturedEntry{.kind = Kind::kLink, .text = "/nowhere/at/all"});
  const test::FakeHost elsewhere;
  unpack(files, elsewhere);
  CHECK(questions(elsewhere.root()) == there);
}

TEST_CASE("capture: serials, addresses and names become other ones of the same form, equal ones equal") {
  const NameHider hider("salt", "node17");
  const auto mac = hider.hide_file("sys/devices/x/net/eth0/address", "b8:59:9f:01:02:03\n");
  CHECK(mac.size() == 18);
  CHECK(mac.substr(0, 3) == "02:");
  CHECK(mac == hider.hide_text("b8:59:9f:01:02:03\n"));
  CHECK(mac != NameHider("other", "").hide_text("b8:59:9f:01:02:03\n"));
  CHECK(hider.hide_text("00:00:00:00:00:00") == "00:00:00:00:00:00");
  const auto wwid = hider.hide_file("sys/block/sda/device/wwid", "naa.5000c500a1b2c3d4\n");
  CHECK(wwid.substr(0, 4) == "naa.");
  CHECK(wwid.find("5000c500a1b2c3d4") == std::string::npos);
  CHECK(hider.hide_file("sys/class/dmi/id/product_serial", "CZ12345\n").find("CZ12345") == std::string::npos);
  CHECK(hider.hide_file("sys/block/sda/device/model", "ST8000NM000A\n") == "ST8000NM000A\n");
  const auto uuid = hider.hide_text("4c4c4544-0042-3510-8052-b4c04f463132");
  CHECK(uuid.size() == 36);
  CHECK(uuid[8] == '-');
  CHECK(uuid != "4c4c4544-0042-3510-8052-b4c04f463132");
  CHECK(hider.hide_text("node17\n").substr(0, 5) == "host-");
  CHECK(hider.hide_text("0000:17:00.0 node170") == "0000:17:00.0 node170");
  CHECK(hider.hide_text("sys/class/net/enxb8599f010203").find("b8599f010203") == std::string::npos);
  CHECK(hider.hide_text("/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef").find("0123456789abcdef") ==
        std::string::npos);
}

TEST_CASE("capture: secrets are hidden as parts of other names too, and a long name of the host by its first part") {
  const NameHider hider("salt", "node17.example.org");
  const std::string uuid = "4c4c4544-0042-3510-8052-b4c04f463132", mac = "b8:59:9f:01:02:03";
  const std::string id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  const std::string text = "/dev/mapper/luks-" + uuid + " GPU-" + uuid + " cri-containerd-" + id + ".scope mac:" + mac + ", " + mac +
                           ": node17.example.org rhel_node17-root node17:/export";
  const auto hidden = hider.hide_text(text);
  for (const auto& secret : {uuid, mac, id, std::string("node17")}) CHECK(hidden.find(secret) == std::string::npos);
  for (const char* kept : {"/dev/mapper/luks-", " GPU-", " cri-containerd-", ".scope mac:02:", ", 02:", " rhel_host-", "-root host-"}) {
    CHECK(hidden.find(kept) != std::string::npos);
  }
  CHECK(hidden.find(":/export") == hidden.size() - 8);
  CHECK(NameHider("salt", "intel").hide_text("sys/devices/intel-rapl:0/intel") != "sys/devices/intel-rapl:0/intel");
  CHECK(NameHider("salt", "intel").hide_text("sys/devices/intel-rapl:0") == "sys/devices/intel-rapl:0");
  CHECK(NameHider("salt", "10.0.0.7").hide_text("10 pages, 10.0 % of 7") == "10 pages, 10.0 % of 7");
  CHECK(hider.hide_file("sys/class/dmi/id/product_serial", "CZ1234-" + mac + "\n").find("CZ1234") == std::string::npos);
}

TEST_CASE("capture: a topology keeps its models and loses its serials") {
  const NameHider hider("salt", "node17");
  const std::string xml =
      "<info name=\"SerialNumber\" value=\"S4EVNX0\"/>\n<info name=\"Model\" value=\"PM1733\"/>\n"
      "<info name=\"Address\" value=\"b8:59:9f:01:02:03\"/>\n<info name=\"HostName\" value=\"node17\"/>\n<object type=\"PU\"/>";
  const auto hidden = hider.hide_xml(xml);
  for (const auto* secret : {"S4EVNX0", "b8:59:9f", "node17"}) CHECK(hidden.find(secret) == std::string::npos);
  CHECK(hidden.find("<info name=\"Model\" value=\"PM1733\"/>\n") != std::string::npos);
  CHECK(hidden.find("<info name=\"SerialNumber\" value=\"") != std::string::npos);
  CHECK(hidden.substr(hidden.size() - 19) == "<object type=\"PU\"/>");
}

TEST_CASE("capture: notes say what no file says; lines that make no sense are left") {
  Machine machine;
  machine.platform.virtualization = "kvm";
  machine.pus_allowed = 2;
  machine.shape.cpu.core_kinds = {{.cores = 2, .pus = 2, .base_mhz = 2400, .base_source = ClockSource::kCpuid, .max_mhz = {}}};
  machine.nics = {{.name = "eth0", .shape = {.speed_mbps = 25'000}, .link = {}, .driver = {}},
                  {.name = "eth1", .shape = {.speed_mbps = {}}, .link = {}, .driver = {}}};
  Machine elsewhere;
  elsewhere.platform.virtualization = "vm";
  elsewhere.shape.cpu.core_kinds = {{.cores = 2, .pus = 2, .base_mhz = {}, .max_mhz = {}}};
  elsewhere.nics = {{.name = "eth0", .shape = {.speed_mbps = {}}, .link = {}, .driver = {}},
                    {.name = "eth1", .shape = {.speed_mbps = 10}, .link = {}, .driver = {}}};
  apply_notes(write_notes(machine), elsewhere);
  CHECK(elsewhere.platform.virtualization == "kvm");
  CHECK(elsewhere.pus_allowed == 2);
  CHECK(elsewhere.shape.cpu == machine.shape.cpu);
  CHECK(elsewhere.nics[0].shape.speed_mbps == 25'000);
  CHECK_FALSE(elsewhere.nics[1].shape.speed_mbps);
  for (const auto* bad :
       {"virtualization=<script>\n", "pus_allowed=-1\n", "pus_allowed=18446744073709551616\n", "cpu.cpuid_base_mhz=99999\n",
        "network.speed_mbps.eth9=1\n", "network.speed_mbps.eth0=NaN\n", "=\n", "x", "\x01\x02\n"}) {
    apply_notes(bad, elsewhere);
  }
  CHECK(elsewhere.platform.virtualization == "kvm");
  CHECK(elsewhere.pus_allowed == 2);
  CHECK(elsewhere.shape.cpu.core_kinds[0].base_mhz == 2400);
  CHECK(elsewhere.nics[0].shape.speed_mbps == 25'000);
}

TEST_CASE("capture: an archive is there whole or not at all, and none is overwritten unasked") {
  const test::FakeHost host;
  const CapturedFiles files = {{"proc/cpuinfo", {.kind = Kind::kFile, .text = std::string(300'000, 'x')}},
                               {"sys/link", {.kind = Kind::kLink, .text = "../proc"}},
                               {"sys/x", {}}};
  const auto path = host.path() + "/a.tar.zst";
  REQUIRE(write_archive(path, files, false, do_nothing));
  const auto first = *host.root().read("a.tar.zst");
  CHECK(first.substr(0, 4) == "\x28\xb5\x2f\xfd");
  const auto again = write_archive(path, files, false, do_nothing);
  REQUIRE_FALSE(again);
  CHECK(again.error().what == path + ": exists already (--force replaces it)");
  REQUIRE(write_archive(path, files, true, do_nothing));
  CHECK(*host.root().read("a.tar.zst") == first);
  CHECK(write_archive(host.path() + "/no/such/a.tar.zst", files, false, do_nothing).error().code == ErrorCode::kAbsent);
  CHECK(host.root().list(".")->size() == 1);  // no temporary file is left
}

TEST_CASE("capture: a full disk is said, and leaves nothing behind") {
  const test::FakeHost host;
  std::string noise;
  for (std::uint64_t i = 0, x = 1; i < 200'000; ++i, x = x * 6'364'136'223'846'793'005U + 1) noise += static_cast<char>(x >> 56U);
  const CapturedFiles files = {{"proc/noise", {.kind = Kind::kFile, .text = noise}}};
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 10'000, .rlim_max = before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto written = write_archive(host.path() + "/a.tar.zst", files, false, do_nothing);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  REQUIRE_FALSE(written);
  CHECK(written.error().code == ErrorCode::kFull);
  CHECK(host.root().list(".")->empty());
}
