#include "agent/probe/platform.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <vector>

#include "agent/probe/hypervisor.hpp"
#include "agent/probe/placeholder.hpp"
#include "tests/support/fake_host.hpp"

using namespace capmap;
using capmap::test::FakeHost;

TEST_CASE("platform: name, system and kernel come from the machine's files") {
  const FakeHost host;
  host.put("proc/sys/kernel/hostname", "node17\n");
  host.put("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  host.put("usr/lib/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
  const auto platform = read_platform(host.root(), false);
  CHECK(platform.value.hostname == "node17");
  CHECK(platform.value.os == "Debian GNU/Linux 12 (bookworm)");
  CHECK(platform.value.kernel == "6.1.0-18-amd64");
  CHECK(platform.value.virtualization == "none");
  CHECK(platform.problems.empty());
}

TEST_CASE("platform: a hypervisor is told by DMI, but a bare processor flag overrules a cloud's vendor name") {
  const FakeHost host;
  host.put("sys/class/dmi/id/sys_vendor", "Alibaba Cloud\n");
  host.put("sys/class/dmi/id/product_name", "Alibaba Cloud ECS\n");
  CHECK(read_platform(host.root(), true).value.virtualization == "kvm");
  CHECK(read_platform(host.root(), false).value.virtualization == "none");
  CHECK(hypervisor_of("VMware, Inc.", "VMware7,1") == "vmware");
  CHECK(hypervisor_of("Microsoft Corporation", "Virtual Machine") == "microsoft");
  CHECK(hypervisor_of("Microsoft Corporation", "Surface Laptop").empty());
  CHECK(hypervisor_of("Amazon EC2", "m5.metal").empty());
  CHECK(hypervisor_of("Huawei", "TaiShan 200 (Model 2280)").empty());
}

TEST_CASE("platform: a container's mark goes before the machine's") {
  const FakeHost host;
  host.put("sys/class/dmi/id/sys_vendor", "QEMU\n");
  host.put(".dockerenv", "");
  CHECK(read_platform(host.root(), true).value.virtualization == "docker");
  host.put("run/systemd/container", "systemd-nspawn\n");
  CHECK(read_platform(host.root(), true).value.virtualization == "systemd-nspawn");
}

TEST_CASE("platform: a captured guest whose hypervisor hides is some virtual machine, and silence is unknown") {
  const FakeHost host;
  CHECK(read_platform(host.root(), true).value.virtualization == "vm");
  CHECK(read_platform(host.root(), std::nullopt).value.virtualization.empty());
  host.put("sys/class/dmi/id/sys_vendor", "Huawei\n");
  CHECK(read_platform(host.root(), std::nullopt).value.virtualization == "none");
}

TEST_CASE("platform: POWER and mainframe systems tell their hypervisor in files of their own") {
  const FakeHost power;
  power.put("proc/cpuinfo", "cpu\t\t: POWER9\nplatform\t: PowerNV\n");
  CHECK(read_platform(power.root(), std::nullopt).value.virtualization == "none");
  power.put("proc/cpuinfo", "cpu\t\t: POWER9\nplatform\t: pSeries\n");
  CHECK(read_platform(power.root(), std::nullopt).value.virtualization == "powervm");
  const FakeHost mainframe;
  mainframe.put("proc/sysinfo", "LPAR Number:          1\nVM00 Control Program: KVM/Linux\n");
  CHECK(read_platform(mainframe.root(), std::nullopt).value.virtualization == "kvm");
}

TEST_CASE("platform: os-release values may be quoted either way or not at all") {
  CHECK(parse_pretty_name("PRETTY_NAME='Kylin  Linux V10'\n") == "Kylin Linux V10");
  CHECK(parse_pretty_name("PRETTY_NAME=Arch\n") == "Arch");
  CHECK(parse_pretty_name("PRETTY_NAME=\"\n") == "\"");
  CHECK(parse_pretty_name("NAME=x").empty());
}

TEST_CASE("platform: hypervisor and container are told apart, and what no file tells is unknown") {
  const FakeHost host;
  CHECK(read_platform(host.root(), std::nullopt).value.container.empty());
  CHECK(read_platform(host.root(), std::nullopt).value.hypervisor.empty());
  host.put("proc/1/cgroup", "0::/init.scope\n");
  host.put("sys/class/dmi/id/sys_vendor", "QEMU\n");
  auto platform = read_platform(host.root(), true).value;
  CHECK(platform.container == "none");
  CHECK(platform.hypervisor == "kvm");
  CHECK(platform.virtualization == "kvm");
  host.put("proc/1/cgroup", "0::/kubepods.slice/pod1\n");
  platform = read_platform(host.root(), true).value;
  CHECK(platform.container == "kubernetes");
  CHECK(platform.hypervisor == "kvm");
  CHECK(platform.virtualization == "kubernetes");
}

TEST_CASE("platform: clouds name their hypervisors in DMI") {
  for (const auto& [vendor, product, word] :
       std::vector<std::array<const char*, 3>>{{"DigitalOcean", "Droplet", "kvm"},
                                               {"Hetzner", "vServer", "kvm"},
                                               {"Hetzner", "AX102", ""},
                                               {"KubeVirt", "None", "kvm"},
                                               {"Apple Inc.", "Apple Virtualization Generic Platform", "apple"},
                                               {"Apple Inc.", "MacPro7,1", ""},
                                               {"Sangfor", "HCI VM", "kvm"},
                                               {"Inspur", "InCloud Sphere", "kvm"},
                                               {"Inspur", "NF5280M6", ""},
                                               {"Huawei Cloud", "KVM", "kvm"},
                                               {"Huawei", "FusionSphere", "kvm"},
                                               {"OpenStack Foundation", "OpenStack Nova", "kvm"},
                                               {"Alibaba Cloud", "Alibaba Cloud ECS", "kvm"},
                                               {"Tencent Cloud", "CVM", "kvm"},
                                               {"Amazon EC2", "c5.large", "amazon"},
                                               {"Google", "Google Compute Engine", "google"},
                                               {"Microsoft Corporation", "Virtual Machine", "microsoft"}}) {
    CAPTURE(vendor, product);
    CHECK(hypervisor_of(vendor, product) == word);
  }
}

TEST_CASE("platform: maker, board and BIOS come from sysfs, then from firmware's table; placeholders are unknown") {
  const FakeHost host;
  host.put("sys/class/dmi/id/sys_vendor", "Dell  Inc.\n");
  host.put("sys/class/dmi/id/product_name", "To be filled by O.E.M.\n");
  host.put("sys/class/dmi/id/board_name", "0H3K7P\n");
  host.put("sys/class/dmi/id/bios_version", "[REDACTED]\n");
  host.put("etc/os-release", "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n");
  auto platform = read_platform(host.root(), false).value;
  CHECK(platform.maker == "Dell Inc.");
  CHECK(platform.product.empty());
  CHECK(platform.board == "0H3K7P");
  CHECK(platform.bios_version.empty());
  CHECK(platform.os_name == "Debian GNU/Linux");
  CHECK(platform.os_version == "12");
  Smbios firmware;
  firmware.manufacturer = "Other";
  firmware.product = "PowerEdge R760";
  complete_from_firmware(firmware, platform);
  CHECK(platform.maker == "Dell Inc.");
  CHECK(platform.product == "PowerEdge R760");
}

TEST_CASE("placeholder: what makers write where they tell nothing is unknown in any case and bracket") {
  for (const auto* text : {"",
                           " ",
                           "Not Specified",
                           "To be filled by O.E.M.",
                           "TO BE FILLED BY O.E.M. 2",
                           "REDACTED",
                           "[REDACTED]",
                           "Default string",
                           "default String 1",
                           "System Product Name",
                           "System manufacturer",
                           "[empty]",
                           "empty",
                           "0123456789",
                           "0123456789AB",
                           "oem",
                           "O.E.M.",
                           "undefined",
                           "Invalid",
                           "not available",
                           "None",
                           "N/A",
                           "Unknown",
                           "<unknown>",
                           "xxxx",
                           "XX",
                           "0000-0000",
                           "........",
                           "-",
                           "(none)"}) {
    CAPTURE(text);
    CHECK(is_placeholder(text));
    CHECK(told_text(text).empty());
  }
  for (const auto* text :
       {"Dell Inc.", "R760", "NF5280M6", "0H3K7P", "X11DPU", "OEM Server 9", "1.2.0", "None Such Ltd", "Nonstop", "A0"}) {
    CAPTURE(text);
    CHECK_FALSE(is_placeholder(text));
  }
}
