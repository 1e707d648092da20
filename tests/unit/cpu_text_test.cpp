#include "agent/probe/cpu_text.hpp"

#include <catch2/catch.hpp>

using namespace capmap;
using Words = std::vector<std::string>;

TEST_CASE("cpuinfo: an x86 processor gives vendor, squeezed model, decimal identity and only known ISA words") {
  const auto cpu = parse_cpuinfo(
      "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 23\nmodel\t\t: 1\n"
      "model name\t: AMD EPYC 7451  24-Core Processor                \nstepping\t: 2\nflags\t\t: fpu avx2 fma sse2 made_up avx\n\n"
      "processor\t: 1\nvendor_id\t: AuthenticAMD\ncpu family\t: 23\nmodel\t\t: 1\nmodel name\t: another\nstepping\t: 3\n");
  CHECK(cpu.architecture == Architecture::kX86_64);
  CHECK(cpu.vendor == "AuthenticAMD");
  CHECK(cpu.model == "AMD EPYC 7451 24-Core Processor");
  CHECK(cpu.identity == "23-1-2");
  CHECK(cpu.isa == Words{"avx", "avx2", "fma", "sse2"});
  CHECK(cpu.guest == false);
}

TEST_CASE("cpuinfo: the hypervisor flag of x86 tells a guest, and without flags nothing is claimed") {
  CHECK(parse_cpuinfo("vendor_id : GenuineIntel\ncpu family : 6\nmodel : 85\nflags : fpu hypervisor\n").guest == true);
  const auto silent = parse_cpuinfo("vendor_id : GenuineIntel\ncpu family : 6\nmodel : 85\n");
  CHECK_FALSE(silent.guest.has_value());
  CHECK(silent.identity == "6-85-0");
  CHECK(silent.model.empty());
}

TEST_CASE("cpuinfo: sme is memory encryption on x86, and matrices only on ARM") {
  CHECK(parse_cpuinfo("vendor_id : AuthenticAMD\ncpu family : 25\nmodel : 1\nflags : fma sme\n").isa == Words{"fma"});
  CHECK(parse_cpuinfo("Features : asimd sme\nCPU implementer : 0x41\nCPU variant : 0x0\nCPU part : 0xd4f\n").isa == Words{"asimd", "sme"});
}

TEST_CASE("cpuinfo: of unlike ARM cores the most numerous one gives the name") {
  const std::string little =
      "processor : 0\nFeatures : fp asimd sve2 i8mm\nCPU implementer : 0x41\nCPU variant : 0x1\nCPU part : 0xd46\n\n";
  const std::string big = "processor : 1\nFeatures : fp asimd\nCPU implementer : 0x41\nCPU variant : 0x1\nCPU part : 0xd4e\n\n";
  const auto cpu = parse_cpuinfo(big + little + little);
  CHECK(cpu.architecture == Architecture::kAarch64);
  CHECK(cpu.vendor == "ARM");
  CHECK(cpu.model == "Cortex-A510");
  CHECK(cpu.identity == "0x41-0xd46-0x1");
}

TEST_CASE("cpuinfo: an ARM kernel's generic name is no model, a vendor kernel's real one is") {
  const std::string ids = "CPU implementer : 0x70\nCPU variant : 0x1\nCPU part : 0x662\n";
  CHECK(parse_cpuinfo("model name : ARMv8 Processor rev 2 (v8l)\n" + ids).model == "FTC662");
  CHECK(parse_cpuinfo("model name : Phytium,FT-2000+/64\n" + ids).model == "Phytium,FT-2000+/64");
  CHECK(parse_cpuinfo("CPU implementer : 0x48\nCPU variant : 0x0\nCPU part : 0xd06\n").model == "Kunpeng-950");
  CHECK(parse_cpuinfo("CPU implementer : 0x99\nCPU variant : 0x0\nCPU part : 0x001\n").model.empty());
}

TEST_CASE("cpuinfo: a Loongson's core generation is told by its name, and LSX and LASX by its features") {
  const auto cpu = parse_cpuinfo(
      "system type\t\t: generic-loongson-machine\n\nprocessor\t\t: 0\nCPU Family\t\t: Loongson-64bit\nModel Name\t\t: Loongson-3C5000\n"
      "CPU MHz\t\t\t: 2200.00\nFeatures\t\t: cpucfg lam ual fpu lsx lasx crc32\n");
  CHECK(cpu.architecture == Architecture::kLoongarch64);
  CHECK(cpu.vendor == "Loongson");
  CHECK(cpu.model == "Loongson-3C5000");
  CHECK(cpu.identity == "0x14c0");
  CHECK(cpu.isa == Words{"lasx", "lsx"});
  const auto identity = [](const std::string& name) { return parse_cpuinfo("CPU Family : Loongson-64bit\nModel Name : " + name).identity; };
  CHECK(identity("Loongson-3C6000/S") == "0x14d0");
  CHECK(identity("Loongson-3B6000M") == "0x14b0");  // small cores under a large name
  CHECK(identity("Loongson-2K3000") == "0x14b0");
  CHECK(identity("Loongson-2K1000LA") == "0x14a0");
}

TEST_CASE("cpuinfo: POWER gives its PVR, and VSX from the seventh generation on") {
  const auto nine =
      parse_cpuinfo("processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t\t: 2300.0MHz\nrevision\t: 2.3 (pvr 004e 1203)\n");
  CHECK(nine.architecture == Architecture::kPpc64le);
  CHECK(nine.model == "POWER9");
  CHECK(nine.identity == "0x004e");
  CHECK(nine.isa == Words{"altivec", "vsx"});
  const auto seven = parse_cpuinfo("cpu : POWER7 (architected), altivec supported\nrevision : 2.1 (pvr 003f 0201)\n");
  CHECK(seven.model == "POWER7");
  CHECK(seven.isa == Words{"altivec", "vsx"});
  const auto old = parse_cpuinfo("cpu : 740/750\nrevision : 3.1 (pvr 0008 0301)\n");
  CHECK(old.identity == "0x0008");
  CHECK(old.isa.empty());
}

TEST_CASE("cpuinfo: RISC-V vectors are the letter v of the base ISA, not one of an extension's name") {
  CHECK(parse_cpuinfo("hart : 0\nisa : rv64imafdc\nuarch : sifive,u74-mc\n").isa.empty());
  CHECK(parse_cpuinfo("hart : 0\nisa : rv64imafdc\nuarch : sifive,u74-mc\n").identity == "sifive,u74-mc");
  CHECK(parse_cpuinfo("hart : 0\nisa : rv64imafdc_zvl128b\n").isa.empty());
  const auto vector = parse_cpuinfo("hart : 0\nisa : rv64imafdcv_zfh_zvfh\nmvendorid : 0x5b7\nmarchid : 0x0\n");
  CHECK(vector.architecture == Architecture::kRiscv64);
  CHECK(vector.isa == Words{"rvv", "zfh", "zvfh"});
  CHECK(vector.identity == "0x5b7-0x0");
}

TEST_CASE("cpuinfo: a mainframe gives its machine type") {
  const auto cpu = parse_cpuinfo(
      "vendor_id       : IBM/S390\n# processors    : 2\nfeatures\t: esan3 zarch vx vxe \n"
      "processor 0: version = FF,  identification = 1633E8,  machine = 2964\n");
  CHECK(cpu.architecture == Architecture::kS390x);
  CHECK(cpu.identity == "2964");
  CHECK(cpu.isa == Words{"vx", "vxe"});
}

TEST_CASE("cpuinfo: text of no known form stays unknown") {
  for (const char* text :
       {"", "\n\n", ":", "a: b\n", "CPU part\n", "cpu family\n", "vendor_id : x", "revision : (pvr ", "cpu : x\nrevision : (pvr 1"}) {
    CAPTURE(text);
    const auto cpu = parse_cpuinfo(text);
    CHECK((cpu.architecture == Architecture::kUnknown || cpu.architecture == Architecture::kPpc64le));
    CHECK(cpu.isa.empty());
  }
}

TEST_CASE("model names: the clock behind @ is read, anything else is not a clock") {
  CHECK(clock_in_model_name("Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz") == 2100U);
  CHECK(clock_in_model_name("Intel(R) Core(TM) i7 CPU @ 3GHz") == 3000U);
  CHECK(clock_in_model_name("x @ 2.667 GHz") == 2667U);
  for (const char* name :
       {"AMD EPYC 7763 64-Core Processor", "x @ GHz", "x @ 2.1MHz", "x @ 0.00GHz", "x @ 2.1x0GHz", "x @ 2.66677GHz", "x @ 99GHz", "@"}) {
    CAPTURE(name);
    CHECK_FALSE(clock_in_model_name(name).has_value());
  }
}
