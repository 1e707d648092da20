#include "agent/probe/cpuid_text.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace capmap {
#if defined(__x86_64__)
namespace {

void ask(CpuidLeaves& leaves, std::uint32_t leaf, std::uint32_t subleaf = 0) {
  CpuidRegisters& to = leaves.answers[{leaf, subleaf}];
  __cpuid_count(leaf, subleaf, to.eax, to.ebx, to.ecx, to.edx);
}

/// XCR0, which may be read once the kernel uses XSAVE.
std::uint64_t kept_registers() {
  std::uint32_t low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

}  // namespace

CpuidLeaves read_cpuid() {
  constexpr std::uint32_t kXsaveInUse = 1U << 27;
  CpuidLeaves leaves;
  ask(leaves, 0);
  const std::uint32_t highest = leaves.answers[{0, 0}].eax;
  for (const std::uint32_t leaf : {1U, 7U, 0x16U}) {
    if (leaf <= highest) ask(leaves, leaf);
  }
  if (highest >= 7) ask(leaves, 7, 1);
  if (highest >= 0x1e) ask(leaves, 0x1e, 1);
  ask(leaves, 0x4000'0000);
  ask(leaves, 0x8000'0000);
  const std::uint32_t highest_extended = leaves.answers[{0x8000'0000, 0}].eax;
  for (std::uint32_t leaf = 0x8000'0001; leaf <= 0x8000'0004; ++leaf) {
    if (leaf <= highest_extended) ask(leaves, leaf);
  }
  leaves.kept_registers = (leaves.answers[{1, 0}].ecx & kXsaveInUse) != 0 ? kept_registers() : 0;
  return leaves;
}
#else
CpuidLeaves read_cpuid() {
  return {};
}
#endif

}  // namespace capmap
