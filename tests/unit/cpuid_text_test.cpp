#include "agent/probe/cpuid_text.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace capmap;

namespace {

/// A Cascade Lake with its clocks, as the processor answers.
CpuidLeaves cascade_lake() {
  CpuidLeaves leaves;
  leaves.answers[{0, 0}] = {.eax = 0x16, .ebx = 0x756e6547, .ecx = 0x6c65746e, .edx = 0x49656e69};
  leaves.answers[{1, 0}] = {.eax = 0x50657, .ebx = 0, .ecx = 0x7ffefbff, .edx = 0xbfebfbff};
  leaves.answers[{7, 0}] = {.eax = 0, .ebx = 0xd39ffffb, .ecx = 0x808, .edx = 0xbc000400};
  leaves.answers[{7, 1}] = {.eax = 0xffffffff, .ebx = 0, .ecx = 0, .edx = 0xffffffff};
  leaves.answers[{0x16, 0}] = {.eax = 2500, .ebx = 3900, .ecx = 100, .edx = 0};
  leaves.answers[{0x80000000, 0}] = {.eax = 0x80000008, .ebx = 0, .ecx = 0, .edx = 0};
  leaves.answers[{0x80000002, 0}] = {.eax = 0x65746e49, .ebx = 0x2952286c, .ecx = 0x6f655820, .edx = 0x2952286e};
  leaves.answers[{0x80000003, 0}] = {.eax = 0x6c6f4720, .ebx = 0x32362064, .ecx = 0x20203834, .edx = 0x20555043};
  leaves.answers[{0x80000004, 0}] = {.eax = 0, .ebx = 0x41414141, .ecx = 0, .edx = 0};
  return leaves;
}

bool says(const CpuidText& text, const char* word) {
  return std::find(text.cpu.isa.begin(), text.cpu.isa.end(), word) != text.cpu.isa.end();
}

}  // namespace

TEST_CASE("cpuid: vendor, brand, identity, words and clocks are read as the kernel prints them") {
  const CpuidText text = parse_cpuid(cascade_lake());
  CHECK(text.cpu.architecture == Architecture::kX86_64);
  CHECK(text.cpu.vendor == "GenuineIntel");
  CHECK(text.cpu.model == "Intel(R) Xeon(R) Gold 6248 CPU");
  CHECK(text.cpu.identity == "6-85-7");
  CHECK(text.cpu.guest == false);
  CHECK(text.hypervisor.empty());
  CHECK(text.base_mhz == 2500U);
  CHECK(text.max_mhz == 3900U);
  CHECK(says(text, "avx512f"));
  CHECK(says(text, "avx512_vnni"));
  CHECK_FALSE(says(text, "avx512_bf16"));  // leaf 7 has no part 1 here: what was answered there is another leaf's data
  CHECK(std::is_sorted(text.cpu.isa.begin(), text.cpu.isa.end()));
}

TEST_CASE("cpuid: a vendor's name is the same here and in cpuinfo, without the blanks around it") {
  CpuidLeaves leaves = cascade_lake();
  leaves.answers[{0, 0}] = {.eax = 0x16, .ebx = 0x68532020, .ecx = 0x20206961, .edx = 0x68676e61};
  CHECK(parse_cpuid(leaves).cpu.vendor == "Shanghai");
}

TEST_CASE("cpuid: words whose registers the kernel does not keep are left out") {
  CpuidLeaves leaves = cascade_lake();
  leaves.kept_registers = 0x7;  // no AVX-512
  CHECK(says(parse_cpuid(leaves), "avx2"));
  CHECK_FALSE(says(parse_cpuid(leaves), "avx512f"));
  leaves.kept_registers = 0;
  CHECK_FALSE(says(parse_cpuid(leaves), "avx2"));
  CHECK(says(parse_cpuid(leaves), "sse4_2"));
}

TEST_CASE("cpuid: what is not there, or cannot be, stays unknown") {
  CHECK(parse_cpuid({}).cpu.architecture == Architecture::kUnknown);
  CpuidLeaves leaves = cascade_lake();
  leaves.answers[{0x16, 0}] = {.eax = 0, .ebx = 65535, .ecx = 0, .edx = 0};
  CHECK_FALSE(parse_cpuid(leaves).base_mhz.has_value());
  CHECK_FALSE(parse_cpuid(leaves).max_mhz.has_value());
  leaves.answers[{0, 0}].eax = 0;  // a processor with leaf 0 alone
  const CpuidText bare = parse_cpuid(leaves);
  CHECK(bare.cpu.vendor == "GenuineIntel");
  CHECK(bare.cpu.identity.empty());
  CHECK(bare.cpu.isa.empty());
  CHECK_FALSE(bare.cpu.guest.has_value());
  leaves.answers[{0, 0}].ebx = 0xffffffff;  // bytes that are no letters
  CHECK(parse_cpuid(leaves).cpu.vendor.empty());
}

TEST_CASE("cpuid: a guest is told the name of its hypervisor, or that there is one") {
  CpuidLeaves leaves = cascade_lake();
  leaves.answers[{1, 0}].ecx |= 1U << 31;
  CHECK(parse_cpuid(leaves).cpu.guest == true);
  CHECK(parse_cpuid(leaves).hypervisor == "vm");
  leaves.answers[{0x40000000, 0}] = {.eax = 0x40000001, .ebx = 0x4b4d564b, .ecx = 0x564b4d56, .edx = 0x4d};
  CHECK(parse_cpuid(leaves).hypervisor == "kvm");
  leaves.answers[{0x40000000, 0}] = {.eax = 0x40000001, .ebx = 0x61774d56, .ecx = 0x4d566572, .edx = 0x65726177};
  CHECK(parse_cpuid(leaves).hypervisor == "vmware");
}

#if defined(__x86_64__)
TEST_CASE("cpuid: this processor answers with a vendor and an identity") {
  const CpuidText text = parse_cpuid(read_cpuid());
  CHECK(text.cpu.vendor.size() == 12);
  CHECK_FALSE(text.cpu.identity.empty());
  CHECK(says(text, "sse2"));
}
#endif
