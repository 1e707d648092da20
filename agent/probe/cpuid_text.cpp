#include "agent/probe/cpuid_text.hpp"

#include <algorithm>
#include <array>

#include "agent/probe/words.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kExtended = 0x8000'0000, kHypervisor = 0x4000'0000;
constexpr std::uint64_t kAvxState = 0x6, kAvx512State = 0xe6, kAmxState = 0x6'0000;  ///< bits of XCR0
constexpr std::uint32_t kMaxMhz = 20'000;

enum class Register : std::uint8_t { kEax, kEbx, kEcx, kEdx };

/// A word of the known list, where its bit stands, and what the kernel must keep for it.
struct Feature {
  const char* word;
  std::uint32_t leaf, subleaf;
  Register place;
  unsigned bit;
  std::uint64_t state;
};
constexpr std::array kFeatures = std::to_array<Feature>({
    {"amx_bf16", 7, 0, Register::kEdx, 22, kAmxState},
    {"amx_complex", 7, 1, Register::kEdx, 8, kAmxState},
    {"amx_fp16", 7, 1, Register::kEax, 21, kAmxState},
    {"amx_fp8", 0x1e, 1, Register::kEax, 4, kAmxState},
    {"amx_int8", 7, 0, Register::kEdx, 25, kAmxState},
    {"amx_tile", 7, 0, Register::kEdx, 24, kAmxState},
    {"avx", 1, 0, Register::kEcx, 28, kAvxState},
    {"avx10", 7, 1, Register::kEdx, 19, kAvxState},
    {"avx2", 7, 0, Register::kEbx, 5, kAvxState},
    {"avx512_bf16", 7, 1, Register::kEax, 5, kAvx512State},
    {"avx512_fp16", 7, 0, Register::kEdx, 23, kAvx512State},
    {"avx512_vnni", 7, 0, Register::kEcx, 11, kAvx512State},
    {"avx512bw", 7, 0, Register::kEbx, 30, kAvx512State},
    {"avx512cd", 7, 0, Register::kEbx, 28, kAvx512State},
    {"avx512dq", 7, 0, Register::kEbx, 17, kAvx512State},
    {"avx512er", 7, 0, Register::kEbx, 27, kAvx512State},
    {"avx512f", 7, 0, Register::kEbx, 16, kAvx512State},
    {"avx512ifma", 7, 0, Register::kEbx, 21, kAvx512State},
    {"avx512vl", 7, 0, Register::kEbx, 31, kAvx512State},
    {"avx_ifma", 7, 1, Register::kEax, 23, kAvxState},
    {"avx_ne_convert", 7, 1, Register::kEdx, 5, kAvxState},
    {"avx_vnni", 7, 1, Register::kEax, 4, kAvxState},
    {"avx_vnni_int8", 7, 1, Register::kEdx, 4, kAvxState},
    {"f16c", 1, 0, Register::kEcx, 29, kAvxState},
    {"fma", 1, 0, Register::kEcx, 12, kAvxState},
    {"fma4", 0x8000'0001, 0, Register::kEcx, 16, kAvxState},
    {"sse2", 1, 0, Register::kEdx, 26, 0},
    {"sse4_2", 1, 0, Register::kEcx, 20, 0},
});

const CpuidRegisters* asked(const CpuidLeaves& leaves, std::uint32_t leaf, std::uint32_t subleaf) {
  const auto at = leaves.answers.find({leaf, subleaf});
  return at == leaves.answers.end() ? nullptr : &at->second;
}

/// The answer of a leaf that the processor has.
const CpuidRegisters* leaf_of(const CpuidLeaves& leaves, std::uint32_t leaf, std::uint32_t subleaf = 0) {
  const std::uint32_t range = leaf & 0xf000'0000;
  const CpuidRegisters* highest = asked(leaves, range, 0);
  if (!highest || highest->eax < leaf || (highest->eax & 0xf000'0000) != range) return nullptr;
  if (leaf == 7 && subleaf > 0) {
    const CpuidRegisters* first = asked(leaves, 7, 0);
    if (!first || first->eax < subleaf) return nullptr;
  }
  return asked(leaves, leaf, subleaf);
}

/// The bytes of registers as text, up to the first that is none.
std::string text_of(std::initializer_list<std::uint32_t> registers) {
  std::string text;
  for (const std::uint32_t value : registers) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      const auto letter = static_cast<unsigned char>(value >> shift);
      if (letter < ' ' || letter > '~') return text;
      text += static_cast<char>(letter);
    }
  }
  return text;
}

std::uint32_t part_of(const CpuidRegisters& registers, Register place) {
  switch (place) {
    case Register::kEax: return registers.eax;
    case Register::kEbx: return registers.ebx;
    case Register::kEcx: return registers.ecx;
    case Register::kEdx: break;
  }
  return registers.edx;
}

/// "6-85-7" of leaf 1: the extended family is added above 14, the extended model put before the model from family 6 on.
std::string identity_of(std::uint32_t signature) {
  std::uint32_t family = signature >> 8 & 0xf, model = signature >> 4 & 0xf;
  if (family == 0xf) family += signature >> 20 & 0xff;
  if (family >= 6) model |= signature >> 12 & 0xf0;
  return std::to_string(family) + "-" + std::to_string(model) + "-" + std::to_string(signature & 0xf);
}

std::vector<std::string> isa_of(const CpuidLeaves& leaves) {
  std::vector<std::string> words;
  for (const auto& feature : kFeatures) {
    const CpuidRegisters* registers = leaf_of(leaves, feature.leaf, feature.subleaf);
    if (!registers || (part_of(*registers, feature.place) >> feature.bit & 1) == 0) continue;
    if (leaves.kept_registers && (*leaves.kept_registers & feature.state) != feature.state) continue;
    words.emplace_back(feature.word);
  }
  std::sort(words.begin(), words.end());
  return words;
}

std::string brand_of(const CpuidLeaves& leaves) {
  std::string brand;
  for (std::uint32_t leaf = kExtended + 2; leaf <= kExtended + 4; ++leaf) {
    const CpuidRegisters* registers = leaf_of(leaves, leaf);
    if (!registers) return "";
    const std::string part = text_of({registers->eax, registers->ebx, registers->ecx, registers->edx});
    brand += part;
    if (part.size() < 16) break;
  }
  return single_spaced(brand);
}

/// Some hypervisors fill all twelve letters, some end theirs early.
std::string hypervisor_word(const std::string& signature) {
  struct Mark {
    std::string_view text;
    const char* word;
  };
  constexpr std::array kMarks = std::to_array<Mark>({{"KVMKVMKVM", "kvm"},
                                                     {"Linux KVM Hv", "kvm"},
                                                     {"VMwareVMware", "vmware"},
                                                     {"Microsoft Hv", "microsoft"},
                                                     {"XenVMMXenVMM", "xen"},
                                                     {"TCGTCGTCGTCG", "qemu"},
                                                     {"bhyve bhyve ", "bhyve"},
                                                     {"ACRNACRNACRN", "acrn"}});
  for (const auto& mark : kMarks) {
    if (signature == mark.text) return mark.word;
  }
  return signature.find("KVM") != std::string::npos ? "kvm" : "vm";
}

std::optional<std::uint32_t> clock_of(std::uint32_t value) {
  const std::uint32_t mhz = value & 0xffff;
  return mhz == 0 || mhz > kMaxMhz ? std::nullopt : std::optional<std::uint32_t>(mhz);
}

}  // namespace

CpuidText parse_cpuid(const CpuidLeaves& leaves) {
  CpuidText told;
  const CpuidRegisters* first = asked(leaves, 0, 0);
  if (!first) return told;
  told.cpu.architecture = Architecture::kX86_64;
  told.cpu.vendor = std::string(trim_blanks(text_of({first->ebx, first->edx, first->ecx})));  // "  Shanghai  "
  told.cpu.model = brand_of(leaves);
  told.cpu.isa = isa_of(leaves);
  if (const CpuidRegisters* signature = leaf_of(leaves, 1)) {
    told.cpu.identity = identity_of(signature->eax);
    told.cpu.guest = (signature->ecx >> 31 & 1) != 0;
  }
  if (told.cpu.guest == true) {
    const CpuidRegisters* registers = asked(leaves, kHypervisor, 0);
    told.hypervisor = registers ? hypervisor_word(text_of({registers->ebx, registers->ecx, registers->edx})) : "vm";
  }
  if (const CpuidRegisters* clocks = leaf_of(leaves, 0x16)) {
    told.base_mhz = clock_of(clocks->eax);
    told.max_mhz = clock_of(clocks->ebx);
  }
  return told;
}

}  // namespace capmap
