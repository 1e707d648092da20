#include "agent/probe/cpu_text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <tuple>

#include "agent/probe/arm_names.hpp"
#include "agent/probe/plausible.hpp"
#include "agent/probe/words.hpp"

namespace capmap {
namespace {

/// The known lists: what decides floating-point and integer rates, and the levels below it. One an architecture, since words differ in
/// meaning: "sme" is memory encryption on x86 and matrices on ARM.
constexpr std::array kX86Words =
    std::to_array<std::string_view>({"amx_bf16", "amx_complex",   "amx_fp16",    "amx_fp8",     "amx_int8",    "amx_tile", "avx",
                                     "avx10",    "avx2",          "avx512_bf16", "avx512_fp16", "avx512_vnni", "avx512bw", "avx512cd",
                                     "avx512dq", "avx512er",      "avx512f",     "avx512ifma",  "avx512vl",    "avx_ifma", "avx_ne_convert",
                                     "avx_vnni", "avx_vnni_int8", "f16c",        "fma",         "fma4",        "sse2",     "sse4_2"});
constexpr std::array kArmWords = std::to_array<std::string_view>(
    {"asimd", "asimddp", "asimdfhm", "asimdhp", "bf16", "i8mm", "sme", "sme2", "sve", "sve2", "svebf16", "svei8mm"});
constexpr std::array kLoongarchWords = std::to_array<std::string_view>({"lasx", "lsx"});
constexpr std::array kRiscvWords = std::to_array<std::string_view>({"rvv", "zfh", "zvfh"});
constexpr std::array kS390Words = std::to_array<std::string_view>({"vx", "vxe", "vxe2"});

using Fields = std::map<std::string, std::string, std::less<>>;  ///< first value of each key, keys in lower case

/// Which ARM core a processor block describes.
using ArmCore = std::tuple<std::string, std::string, std::string>;  ///< implementer, part, variant

struct Parsed {
  Fields first;
  std::map<ArmCore, unsigned> arm_cores;
};

Parsed read_fields(std::string_view text) {
  Parsed parsed;
  std::string_view line;
  std::string implementer, variant;
  while (next_line(text, line)) {
    const auto [key, value] = split_pair(line, ':');
    if (key.empty()) continue;
    if (key == "CPU implementer") implementer = lower_case(value);
    if (key == "CPU variant") variant = lower_case(value);
    if (key == "CPU part") ++parsed.arm_cores[{implementer, lower_case(value), variant}];
    std::string name = lower_case(key);
    if (!parsed.first.contains(name)) parsed.first.emplace(std::move(name), value);
  }
  return parsed;
}

std::string field(const Fields& fields, std::string_view key) {
  const auto at = fields.find(key);
  return at == fields.end() ? std::string() : at->second;
}

std::vector<std::string> known_words(const std::vector<std::string_view>& words, std::span<const std::string_view> list) {
  std::vector<std::string> known;
  for (const auto word : words) {
    if (std::find(list.begin(), list.end(), word) != list.end()) known.emplace_back(word);
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return known;
}

CpuText parse_x86(const Fields& fields) {
  CpuText cpu{
      .architecture = Architecture::kX86_64, .vendor = field(fields, "vendor_id"), .model = {}, .identity = {}, .isa = {}, .guest = {}};
  cpu.model = single_spaced(field(fields, "model name"));
  const std::string family = field(fields, "cpu family"), model = field(fields, "model"), stepping = field(fields, "stepping");
  if (number_in(family) && number_in(model)) cpu.identity = family + "-" + model + "-" + (number_in(stepping) ? stepping : "0");
  const std::string flags = field(fields, "flags");
  const auto words = split_words(flags);
  if (!words.empty()) cpu.guest = std::find(words.begin(), words.end(), "hypervisor") != words.end();
  cpu.isa = known_words(words, kX86Words);
  return cpu;
}

CpuText parse_arm(const Parsed& parsed) {
  CpuText cpu;
  cpu.architecture = Architecture::kAarch64;
  const auto most =
      std::max_element(parsed.arm_cores.begin(), parsed.arm_cores.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto& [implementer, part, variant] = most->first;
  cpu.identity = implementer + "-" + part + "-" + variant;
  const auto implementer_number = number_in(implementer, 16), part_number = number_in(part, 16);
  if (implementer_number && part_number) {
    cpu.vendor = arm_vendor(*implementer_number);
    cpu.model = arm_model(*implementer_number, *part_number);
  }
  // Some vendors' kernels print a real name; the stock kernel's "ARMv8 Processor rev 1" says nothing.
  const std::string name = single_spaced(field(parsed.first, "model name"));
  if (!name.empty() && !name.starts_with("ARMv") && !name.starts_with("AArch64")) cpu.model = name;
  const std::string features = field(parsed.first, "features");
  cpu.isa = known_words(split_words(features), kArmWords);
  return cpu;
}

CpuText parse_loongarch(const Fields& fields) {
  CpuText cpu;
  cpu.architecture = Architecture::kLoongarch64;
  cpu.vendor = "Loongson";
  cpu.model = single_spaced(field(fields, "model name"));
  // The kernel prints no PRID; the name tells the core: 5000 is LA464, 6000 LA664, 2K2000 and 2K3000 LA364, 2K1000 LA264.
  if (cpu.model.find("5000") != std::string::npos) cpu.identity = "0x14c0";
  if (cpu.model.find("6000") != std::string::npos) cpu.identity = "0x14d0";
  for (const char* small : {"2K2000", "2K3000", "6000M"}) {  // the 3B6000M is a 2K3000 by another name
    if (cpu.model.find(small) != std::string::npos) cpu.identity = "0x14b0";
  }
  if (cpu.model.find("2K1000") != std::string::npos || cpu.model.find("2K0500") != std::string::npos) cpu.identity = "0x14a0";
  const std::string features = field(fields, "features");
  cpu.isa = known_words(split_words(features), kLoongarchWords);
  return cpu;
}

CpuText parse_power(const Fields& fields) {
  CpuText cpu;
  cpu.architecture = Architecture::kPpc64le;
  cpu.vendor = "IBM";
  const std::string name = field(fields, "cpu");
  cpu.model = single_spaced(std::string_view(name).substr(0, name.find_first_of(",(")));
  const std::string revision = field(fields, "revision");
  const auto pvr = revision.find("(pvr ");
  if (pvr != std::string::npos) cpu.identity = "0x" + lower_case(revision.substr(pvr + 5, 4));
  if (name.find("altivec supported") != std::string::npos) cpu.isa.emplace_back("altivec");
  // Not printed, but part of the instruction set since POWER7.
  const bool power = cpu.model.starts_with("POWER");
  const auto generation = power ? number_in(cpu.model.substr(5, cpu.model.find_first_not_of("0123456789", 5) - 5)) : std::nullopt;
  if (generation && *generation >= 7) cpu.isa.emplace_back("vsx");
  return cpu;
}

CpuText parse_riscv(const Fields& fields) {
  CpuText cpu;
  cpu.architecture = Architecture::kRiscv64;
  const std::string core = field(fields, "uarch");
  cpu.vendor = core.substr(0, core.find(','));
  cpu.model = single_spaced(field(fields, "model name"));
  if (cpu.model.empty()) cpu.model = core;
  const std::string vendor_id = field(fields, "mvendorid"), core_id = field(fields, "marchid");
  if (!vendor_id.empty() && !core_id.empty()) cpu.identity = lower_case(vendor_id) + "-" + lower_case(core_id);
  if (cpu.identity.empty()) cpu.identity = lower_case(core);  // older kernels tell the device tree's word alone
  const std::string isa = lower_case(field(fields, "isa"));   // "rv64imafdcv_zfh_zvfh"
  std::vector<std::string_view> words;
  std::string_view rest = isa;
  const auto base_end = std::min(rest.find('_'), rest.size());
  if (rest.substr(0, base_end).find('v', 2) != std::string_view::npos) words.emplace_back("rvv");
  for (rest = rest.substr(base_end); !rest.empty();) {
    rest.remove_prefix(1);
    const auto end = std::min(rest.find('_'), rest.size());
    words.push_back(rest.substr(0, end));
    rest = rest.substr(end);
  }
  cpu.isa = known_words(words, kRiscvWords);
  return cpu;
}

CpuText parse_s390(const Fields& fields) {
  CpuText cpu;
  cpu.architecture = Architecture::kS390x;
  cpu.vendor = "IBM/S390";
  std::string machine = field(fields, "machine");
  if (machine.empty()) {
    const std::string first = field(fields, "processor 0");  // "version = 00,  identification = 178B58,  machine = 3931"
    const auto at = first.find("machine = ");
    if (at != std::string::npos) machine = single_spaced(first.substr(at + 10));
  }
  cpu.identity = machine;
  if (!machine.empty()) cpu.model = "IBM " + machine;
  const std::string features = field(fields, "features");
  cpu.isa = known_words(split_words(features), kS390Words);
  return cpu;
}

}  // namespace

CpuText parse_cpuinfo(std::string_view text) {
  const Parsed parsed = read_fields(text);
  const Fields& fields = parsed.first;
  if (fields.contains("cpu family") && fields.contains("vendor_id")) return parse_x86(fields);
  if (!parsed.arm_cores.empty()) return parse_arm(parsed);
  if (field(fields, "cpu family").starts_with("Loongson")) return parse_loongarch(fields);
  if (field(fields, "vendor_id") == "IBM/S390") return parse_s390(fields);
  if (fields.contains("hart")) return parse_riscv(fields);
  if (fields.contains("cpu") && field(fields, "revision").find("(pvr ") != std::string::npos) return parse_power(fields);
  return {};
}

Architecture architecture_of(std::string_view machine) {
  if (machine == "x86_64") return Architecture::kX86_64;
  if (machine == "aarch64" || machine == "arm64") return Architecture::kAarch64;
  if (machine == "loongarch64") return Architecture::kLoongarch64;
  if (machine == "ppc64le") return Architecture::kPpc64le;
  if (machine == "riscv64") return Architecture::kRiscv64;
  if (machine == "s390x") return Architecture::kS390x;
  return Architecture::kUnknown;
}

const char* to_word(Architecture architecture) {
  switch (architecture) {
    case Architecture::kX86_64: return "x86_64";
    case Architecture::kAarch64: return "aarch64";
    case Architecture::kLoongarch64: return "loongarch64";
    case Architecture::kPpc64le: return "ppc64le";
    case Architecture::kRiscv64: return "riscv64";
    case Architecture::kS390x: return "s390x";
    case Architecture::kUnknown: break;
  }
  return "unknown";
}

std::optional<std::uint32_t> clock_in_model_name(std::string_view model) {
  const auto at = model.rfind('@');
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view clock = trim_blanks(model.substr(at + 1));
  if (!clock.ends_with("GHz")) return std::nullopt;
  clock = trim_blanks(clock.substr(0, clock.size() - 3));
  const auto dot = clock.find('.');
  std::string digits(clock.substr(0, dot));
  std::string fraction(dot == std::string_view::npos ? std::string_view{} : clock.substr(dot + 1));
  if (fraction.size() > 3 || digits.size() > 2) return std::nullopt;
  fraction.resize(3, '0');
  const auto mhz = number_in(digits + fraction);
  if (!mhz || *mhz == 0 || *mhz > kMostMhz) return std::nullopt;
  return static_cast<std::uint32_t>(*mhz);
}

}  // namespace capmap
