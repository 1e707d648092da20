// Servers as vendors sell them. Cores, base clocks and identities: the processors' data sheets. Operations a cycle and core: FMA units x
// width x 2. Cards: the vendors' sheets, dense.
#include "common/shape.hpp"
#include "tests/fleet/plan.hpp"

namespace capmap::fleet {
namespace {

constexpr std::uint64_t kGib = std::uint64_t{1} << 30;
enum class Isa : std::uint8_t { kAvx2, kAvx512, kAmx, kAsimd };

struct Cpu {
  const char *vendor, *model, *identity;
  std::uint32_t cores, threads, base_mhz;    ///< of one package
  std::uint32_t fp64_a_cycle, fp32_a_cycle;  ///< of a core
  Isa isa;
};
constexpr Cpu kSapphire = {"GenuineIntel", "Intel(R) Xeon(R) Platinum 8480+", "6-143-8", 56, 2, 2'000, 32, 64, Isa::kAmx};
constexpr Cpu kRome = {"AuthenticAMD", "AMD EPYC 7742 64-Core Processor", "23-49-0", 64, 2, 2'250, 16, 32, Isa::kAvx2};
constexpr Cpu kKunpeng = {"HiSilicon", "Kunpeng 920-4826", "0x48-0xd01-0x1", 48, 1, 2'600, 4, 16, Isa::kAsimd};
constexpr std::array kCpus = {
    Cpu{"GenuineIntel", "Intel(R) Xeon(R) CPU E5-2690 v3 @ 2.60GHz", "6-63-2", 12, 2, 2'600, 16, 32, Isa::kAvx2},
    Cpu{"GenuineIntel", "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", "6-79-1", 14, 2, 2'400, 16, 32, Isa::kAvx2},
    Cpu{"GenuineIntel", "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", "6-85-4", 20, 2, 2'400, 32, 64, Isa::kAvx512},
    Cpu{"GenuineIntel", "Intel(R) Xeon(R) Platinum 8168 CPU @ 2.70GHz", "6-85-4", 24, 2, 2'700, 32, 64, Isa::kAvx512},
    Cpu{"GenuineIntel", "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", "6-85-7", 20, 2, 2'500, 32, 64, Isa::kAvx512},
    Cpu{"GenuineIntel", "Intel(R) Xeon(R) Platinum 8280 CPU @ 2.70GHz", "6-85-7", 28, 2, 2'700, 32, 64, Isa::kAvx512},
    Cpu{"GenuineIntel", "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", "6-106-6", 32, 2, 2'000, 32, 64, Isa::kAvx512},
    Cpu{"GenuineIntel", "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz", "6-106-6", 40, 2, 2'300, 32, 64, Isa::kAvx512},
    kSapphire,
    Cpu{"AuthenticAMD", "AMD EPYC 7551 32-Core Processor", "23-1-2", 32, 2, 2'000, 8, 16, Isa::kAvx2},
    kRome,
    Cpu{"AuthenticAMD", "AMD EPYC 7763 64-Core Processor", "25-1-1", 64, 2, 2'450, 16, 32, Isa::kAvx2},
    Cpu{"AuthenticAMD", "AMD EPYC 9654 96-Core Processor", "25-17-1", 96, 2, 2'400, 16, 32, Isa::kAvx512},
    kKunpeng,
};

struct Card {
  AcceleratorKind kind;
  std::uint16_t vendor_id, device_id;
  std::uint64_t gib;
  std::uint64_t fp32_mflops, fp16_mflops;  ///< of one
  const Cpu* cpu;
};
constexpr std::uint64_t kTera = 1'000'000;  ///< MFLOP/s
constexpr std::array kCards = {
    Card{AcceleratorKind::kGpu, 0x10de, 0x2330, 80, 66'900'000, 989'400'000, &kSapphire},      // H100 SXM5
    Card{AcceleratorKind::kGpu, 0x10de, 0x20b2, 80, 19'500'000, 312 * kTera, &kRome},          // A100 SXM4
    Card{AcceleratorKind::kGpu, 0x10de, 0x20f3, 80, 19'500'000, 312 * kTera, &kCpus[7]},       // A800 SXM4
    Card{AcceleratorKind::kGpu, 0x10de, 0x2324, 80, 66'900'000, 989 * kTera, &kSapphire},      // H800 SXM5
    Card{AcceleratorKind::kGpu, 0x10de, 0x2329, 96, 44 * kTera, 148 * kTera, &kSapphire},      // H20
    Card{AcceleratorKind::kGpu, 0x1002, 0x74a1, 192, 163'400'000, 1'307'400'000, &kCpus[12]},  // MI300X
    Card{AcceleratorKind::kGpu, 0x10de, 0x26b5, 48, 90'500'000, 181 * kTera, &kCpus[11]},      // L40
};

std::vector<std::string> words(Isa isa) {
  switch (isa) {
    case Isa::kAvx2: return {"avx", "avx2", "fma"};
    case Isa::kAvx512: return {"avx", "avx2", "avx512f", "fma"};
    case Isa::kAmx: return {"amx_bf16", "amx_int8", "amx_tile", "avx", "avx2", "avx512f", "fma"};
    default: return {"asimd", "asimdhp"};
  }
}

Machine two_socket(const Cpu& chip, std::uint64_t memory_gib) {
  constexpr std::uint32_t kPackages = 2;
  Machine machine;
  auto& cpu = machine.shape.cpu;
  cpu.architecture = chip.isa == Isa::kAsimd ? Architecture::kAarch64 : Architecture::kX86_64;
  cpu.vendor = chip.vendor;
  cpu.model = chip.model;
  cpu.identity = chip.identity;
  cpu.packages = cpu.dies = cpu.numa_nodes = kPackages;
  cpu.cores = kPackages * chip.cores;
  cpu.pus = *cpu.cores * chip.threads;
  cpu.core_kinds = {
      CoreKind{.cores = *cpu.cores, .pus = *cpu.pus, .base_mhz = chip.base_mhz, .base_source = ClockSource::kSysfs, .max_mhz = {}}};
  cpu.isa = words(chip.isa);
  machine.shape.memory_bytes = memory_gib * kGib;
  machine.cpu_fp64_mflops = std::uint64_t{*cpu.cores} * chip.base_mhz * chip.fp64_a_cycle;
  machine.cpu_fp32_mflops = std::uint64_t{*cpu.cores} * chip.base_mhz * chip.fp32_a_cycle;
  return machine;
}

DiskShape disk(Media media, const char* model, std::uint64_t bytes, std::uint32_t count) {
  return {.media = media, .model = model, .bytes = bytes, .count = count};
}

}  // namespace

std::uint64_t disk_bytes(const Machine& machine, bool flash) {
  std::uint64_t bytes = 0;
  for (const auto& row : machine.shape.disks) {
    if ((row.media != Media::kHdd) == flash) bytes += row.bytes.value_or(0) * row.count;
  }
  return bytes;
}

std::vector<Machine> general_machines() {
  std::vector<Machine> machines;
  for (const auto& chip : kCpus) machines.push_back(two_socket(chip, 256));
  return machines;
}

std::vector<Machine> intelligent_machines() {
  constexpr std::uint32_t kCardsAServer = 8;
  std::vector<Machine> machines;
  for (const auto& card : kCards) {
    auto machine = two_socket(*card.cpu, 1'024);
    machine.shape.accelerators = {AcceleratorShape{.kind = card.kind,
                                                   .vendor_id = card.vendor_id,
                                                   .device_id = card.device_id,
                                                   .subsystem_vendor_id = card.vendor_id,
                                                   .subsystem_device_id = 1,
                                                   .memory_bytes = card.gib * kGib,
                                                   .count = kCardsAServer}};
    machine.accelerator_fp32_mflops = kCardsAServer * card.fp32_mflops;
    machine.accelerator_fp16_mflops = kCardsAServer * card.fp16_mflops;
    machines.push_back(std::move(machine));
  }
  return machines;
}

std::vector<DiskSet> disk_sets() {
  const auto boot = disk(Media::kSsd, "INTEL SSDSC2KB480G8", 480'103'981'056, 2);
  return {{{boot, disk(Media::kHdd, "ST8000NM000A-2KE101", 8'001'563'222'016, 12)}},
          {{disk(Media::kNvme, "SAMSUNG MZQL23T8HCLS-00A07", 3'840'755'982'336, 8)}},
          {{boot, disk(Media::kHdd, "ST16000NM001G-2KK103", 16'000'900'661'248, 12)}},
          {{disk(Media::kNvme, "INTEL SSDPF2KX076TZ", 7'681'501'126'656, 4)}},
          {{disk(Media::kSsd, "SAMSUNG MZ7LH960HAJR-00005", 960'197'124'096, 4),
            disk(Media::kHdd, "HGST HUS726T4TALA6L4", 4'000'787'030'016, 8)}},
          {{boot, disk(Media::kNvme, "SAMSUNG MZQL27T6HBLA-00A07", 7'681'501'126'656, 2)}},
          {{disk(Media::kSsd, "INTEL SSDSC2KB480G8", 480'103'981'056, 1)}}};
}

std::vector<FalseShape> false_shapes() {
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 63U;
  constexpr std::uint32_t kExaflops = 15'000;  ///< H100 cards with 66.9 TFLOPS each
  const auto real = intelligent_machines().front().shape;
  std::vector<FalseShape> all(3, FalseShape{real, "accelerators is 15000"});
  all[0].shape.accelerators[0].count = kExaflops;
  all[1] = {real, "memory_bytes is 9223372036854775808"};
  all[1].shape.memory_bytes = kHuge;
  all[2] = {real, "disk bytes is 9223372036854775808"};
  all[2].shape.disks = {disk(Media::kNvme, "INTEL SSDPF2KX076TZ", kHuge, 1)};
  for (auto& one : all) canonicalize(one.shape);
  return all;
}

void vary(Shape& shape, std::size_t number) {
  struct Port {
    NicType type;
    std::uint16_t vendor_id, device_id;
    std::uint32_t mbps, count;
    bool rdma;
  };
  constexpr std::array kPorts = {
      Port{NicType::kEthernet, 0x8086, 0x1572, 10'000, 2, false},   Port{NicType::kEthernet, 0x15b3, 0x1015, 25'000, 2, false},
      Port{NicType::kEthernet, 0x15b3, 0x101d, 100'000, 2, true},   Port{NicType::kEthernet, 0x19e5, 0xa222, 25'000, 4, false},
      Port{NicType::kInfiniband, 0x15b3, 0x101b, 200'000, 1, true}, Port{NicType::kInfiniband, 0x15b3, 0x1021, 400'000, 8, true},
      Port{NicType::kEthernet, 0x14e4, 0x16d7, 25'000, 2, false}};
  constexpr std::array<std::uint64_t, 6> kQuarters = {2, 3, 4, 6, 8, 16};  // of the memory the list gives
  static_assert(kPorts.size() * kQuarters.size() == kVariants);
  const auto& port = kPorts[number % kPorts.size()];
  shape.memory_bytes = *shape.memory_bytes / 4 * kQuarters[number / kPorts.size() % kQuarters.size()];
  shape.nics = {NicShape{.type = port.type,
                         .vendor_id = port.vendor_id,
                         .device_id = port.device_id,
                         .speed_mbps = port.mbps,
                         .rdma = port.rdma,
                         .count = port.count}};
}

}  // namespace capmap::fleet
