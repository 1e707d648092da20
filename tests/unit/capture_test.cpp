#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

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
  const NameHider hider("salt", {"node17"});
  const auto mac = hider.hide_file("sys/devices/x/net/eth0/address", "b8:59:9f:01:02:03\n");
  CHECK(mac.size() == 18);
  CHECK(mac.substr(0, 3) == "02:");
  CHECK(mac == hider.hide_text("b8:59:9f:01:02:03\n"));
  CHECK(mac != NameHider("other", {}).hide_text("b8:59:9f:01:02:03\n"));
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

TEST_CASE("capture: a name with a domain is hidden in full, in short and by its domain, equal ones equal") {
  const NameHider hider("salt", {"Node1.cluster.example.com", "node1"});
  const auto name = hider.hide_file("proc/sys/kernel/hostname", "Node1.cluster.example.com\n");
  const auto in_short = hider.hide_file("etc/hostname", "node1\n");
  CHECK(name.substr(0, 5) == "host-");
  CHECK(name.substr(0, 13) + "\n" == in_short);
  CHECK(hider.hide_text("x=node1.cluster.example.com.") == "x=" + name.substr(0, name.size() - 1) + ".");
  for (const auto* text : {"node1", "Node1", "nfs7.cluster.example.com:/export", "cluster.example.com", "vg-node1-data", "(node1)",
                           "root@Node1.cluster.example.com", "NODE1.CLUSTER.EXAMPLE.COM"}) {
    CAPTURE(text);
    const auto hidden = hider.hide_text(text);
    for (const auto* secret : {"node1", "Node1", "NODE1", "nfs7", "cluster", "example"}) CHECK(hidden.find(secret) == std::string::npos);
  }
  CHECK(hider.hide_text("node10 xnode1 /example.org") == "node10 xnode1 /example.org");
  // A host may be called as the kernel calls its memory, or as its system is.
  CHECK(hider.hide_path("sys/devices/system/node/node1/meminfo") == "sys/devices/system/node/node1/meminfo");
  CHECK(NameHider("salt", {"debian"}).hide_file("etc/os-release", "ID=debian\n") == "ID=debian\n");
  CHECK(NameHider("salt", {"localhost.localdomain"}).hide_text("localhost") == "localhost");
}

TEST_CASE("capture: every kind of address, world-wide name and id is hidden, wherever it stands") {
  const NameHider hider("salt", {});
  for (const auto* secret : {"0x5000c500a1b2c3d4",
                             "5000c500a1b2c3d4",
                             "0x6001405abcdef0123456789abcdef012",
                             "0x5000000000000123",
                             "10.20.30.40",
                             "192.168.1.7",
                             "fe80::ba59:9fff:fe01:203",
                             "2001:db8::5",
                             "2001:0db8:0000:0000:0000:0000:0000:0005",
                             "b8:59:9f:01:02:03",
                             "B8-59-9F-01-02-03",
                             "b859.9f01.0203",
                             "b8599f010203",
                             "80:00:02:08:fe:80:00:00:00:00:00:00:b8:59:9f:03:00:01:02:03",
                             "b859:9f03:0001:0203",
                             "4c4c4544-0042-3510-8052-b4c04f463132",
                             "0025388b710a1b2c",
                             "nqn.2014.08.org.nvmexpress:144d144dS4EVNX0N123456",
                             "iqn.1993-08.org.debian:01:9cfd77a2b",
                             "e8ebd3030012a4f6"}) {
    CAPTURE(secret);
    for (const auto& [before, behind] : std::vector<std::pair<std::string, std::string>>{
             {"", ""}, {"", "\n"}, {"traddr=", ",x=1"}, {"wwn-", ""}, {"eui.", " "}, {"(", ")"}, {"\"", "\"/>"}, {"id ", "/24"}}) {
      const auto hidden = hider.hide_text(before + secret + behind);
      CHECK(hidden.find(secret) == std::string::npos);
      CHECK(hidden.substr(0, before.size()) == before);
      CHECK(hidden == hider.hide_text(before + secret + behind));
    }
  }
  for (const auto* file : {"serial", "sas_address", "port_name", "node_name", "wwid", "subsysnqn", "eui", "nguid", "product_serial",
                           "board_serial", "chassis_asset_tag", "node_guid", "sys_image_guid", "hostnqn", "uuid"}) {
    CAPTURE(file);
    CHECK(hider.hide_file(std::string("sys/x/") + file, "S4EV-NX 0N\n").find("S4EV") == std::string::npos);
  }
  CHECK(hider.hide_file("sys/block/dm-0/dm/uuid", "mpath-3600508b400105e21\n").substr(0, 6) == "mpath-");
}

TEST_CASE("capture: addresses on buses, masks, versions and models stay as they are") {
  const NameHider hider("salt", {"node17"});
  for (const auto* text :
       {"../../devices/pci0000:17/0000:17:00.0/0000:18:00.1/net/eth0", "0x10de 10de:2330", "0xffffffff,0xffffffff", "00000000,0000ffff",
        "0x00000000410fd0c0", "00:00:00:00:00:00", "0.0.0.0 127.0.0.1 ::1", "12:34:56", "6.1.0-18-amd64", "0000:[00-ff]", "2023-01-02",
        "MTFDKCC7T6TFR-1BC1ZABYY", "ST8000NM000A-2KE101", "17179869184", "18446744073709551615", "0000:00:1c.0:pcie001", "570.86.15"}) {
    CHECK(hider.hide_text(text) == text);
  }
  CHECK(hider.hide_file("sys/class/dmi/id/bios_version", "1.2.3.4\n") == "1.2.3.4\n");
  CHECK(hider.hide_text("1.2.3.4.5 v1.2.3.4") == "1.2.3.4.5 v1.2.3.4");
}

TEST_CASE("capture: secrets are hidden as parts of other names too, and a long name of the host by its first part") {
  const NameHider hider("salt", {"node17.example.org"});
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
  CHECK(hider.hide_file("sys/class/dmi/id/product_serial", "CZ1234-" + mac + "\n").find("CZ1234") == std::string::npos);
}

TEST_CASE("capture: a topology keeps its models and loses its serials") {
  const NameHider hider("salt", {"node17"});
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
  machine.platform.hypervisor = "kvm";
  machine.platform.cgroup = CgroupLimits{.cpu_millicores = 1'500, .memory_bytes = 1 << 30, .pus = {}};
  machine.no_firmware = "sys/firmware/dmi/tables/DMI: not readable (permission denied)";
  machine.pus_allowed = 2;
  machine.shape.cpu.core_kinds = {{.cores = 2, .pus = 2, .base_mhz = 2400, .base_source = ClockSource::kCpuid, .max_mhz = {}}};
  machine.nics = {{.name = "eth0", .shape = {.speed_mbps = 25'000}, .link = {}, .driver = {}},
                  {.name = "eth1", .shape = {.speed_mbps = {}}, .link = {}, .driver = {}}};
  machine.accelerators.resize(2);
  machine.accelerators[0].pci_address = "0000:17:00.0";
  machine.accelerators[0].model = "a name from this machine's own list";
  machine.accelerators[1].pci_address = "0000:65:00.0";
  machine.accelerators[1].model = "a name of that list";
  Machine elsewhere;
  elsewhere.accelerators = machine.accelerators;
  elsewhere.accelerators[0].model.clear();
  elsewhere.accelerators[1].model = "our own name";
  elsewhere.platform.virtualization = "vm";
  elsewhere.shape.cpu.core_kinds = {{.cores = 2, .pus = 2, .base_mhz = {}, .max_mhz = {}}};
  elsewhere.nics = {{.name = "eth0", .shape = {.speed_mbps = {}}, .link = {}, .driver = {}},
                    {.name = "eth1", .shape = {.speed_mbps = 10}, .link = {}, .driver = {}}};
  apply_notes(write_notes(machine), elsewhere);
  CHECK(elsewhere.platform.virtualization == "kvm");
  CHECK(elsewhere.platform.hypervisor == "kvm");
  CHECK(elsewhere.platform.cgroup == machine.platform.cgroup);
  CHECK(elsewhere.no_firmware == machine.no_firmware);
  CHECK(elsewhere.pus_allowed == 2);
  CHECK(elsewhere.shape.cpu == machine.shape.cpu);
  CHECK(elsewhere.nics[0].shape.speed_mbps == 25'000);
  CHECK_FALSE(elsewhere.nics[1].shape.speed_mbps);
  CHECK(elsewhere.accelerators[0].model == "a name from this machine's own list");
  CHECK(elsewhere.accelerators[1].model == "our own name");
  for (const auto* bad : {"virtualization=<script>\n", "pus_allowed=-1\n", "pus_allowed=18446744073709551616\n",
                          "cpu.cpuid_base_mhz=99999\n", "network.speed_mbps.eth9=1\n", "network.speed_mbps.eth0=NaN\n", "hypervisor=Q E\n",
                          "cgroup=x\n", "cgroup.memory_bytes=18446744073709551615\n", "=\n", "x", "\x01\x02\n"}) {
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
