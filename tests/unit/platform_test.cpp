#include "agent/probe/platform.hpp"

#include <catch2/catch.hpp>

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
