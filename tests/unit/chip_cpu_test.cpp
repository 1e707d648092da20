// What the shipped chip table says of processors by what they say of themselves: vendor, identity, name and kinds of cores.
#include <catch2/catch.hpp>

#include "common/chip_table.hpp"

using namespace capmap;

namespace {

const ChipTable& shipped() {
  static const auto table = [] {
    auto loaded = ChipTable::load(std::string(CAPMAP_SOURCE_DIR) + "/schemas/catalog");
    if (!loaded) FAIL(loaded.error().what);
    return std::move(*loaded);
  }();
  return table;
}

CoreKind kind(std::uint32_t cores, std::uint32_t mhz, CoreType type) {
  return {.cores = cores, .pus = cores, .base_mhz = mhz, .base_source = ClockSource::kSysfs, .max_mhz = {}, .type = type};
}

/// One package of eight cores at 2 GHz.
Shape shape_of(const char* vendor, const char* identity, const char* model, Architecture architecture = Architecture::kX86_64) {
  Shape shape;
  shape.cpu.architecture = architecture;
  shape.cpu.vendor = vendor;
  shape.cpu.identity = identity;
  shape.cpu.model = model;
  shape.cpu.packages = 1;
  shape.cpu.isa = {"avx2"};
  shape.cpu.core_kinds = {kind(8, 2000, CoreType::kUnknown)};
  return shape;
}

/// Why it is unrated; the test fails when it is rated.
std::string reason(const Shape& shape) {
  const auto rating = shipped().rate(shape);
  REQUIRE(rating.unrated.size() == 1);
  CHECK(rating.cpu == PeakMflops{});
  return rating.unrated[0].why;
}

std::optional<std::uint64_t> fp64(const Shape& shape) {
  return shipped().rate(shape).cpu[static_cast<std::size_t>(Precision::kFp64)];
}

}  // namespace

TEST_CASE("chip table: cores that say their kind are not guessed at, and a kind without a rate leaves the CPU unrated", "[chip_table]") {
  auto shape = shape_of("GenuineIntel", "6-183-1", "13th Gen Intel(R) Core(TM) i7-13700K");
  shape.cpu.core_kinds = {kind(8, 2500, CoreType::kEfficiency), kind(8, 3400, CoreType::kPerformance)};
  CHECK(fp64(shape) == 8 * 2500 * 8 + 8 * 3400 * 16);
  shape.cpu.core_kinds.push_back(kind(2, 700, CoreType::kLowPower));
  CHECK(reason(shape) == "the chip table has no rate for the low-power cores of Raptor Lake");
  shape.cpu.core_kinds.back().type = CoreType::kUnknown;
  CHECK(reason(shape) == "its performance and efficiency cores cannot be told apart here");
}

TEST_CASE("chip table: a hybrid design without efficiency cores is rated by its performance cores, told by their two threads",
          "[chip_table]") {
  auto shape = shape_of("GenuineIntel", "6-151-5", "12th Gen Intel(R) Core(TM) i5-12400");
  shape.cpu.core_kinds = {kind(6, 2500, CoreType::kUnknown)};
  CHECK(reason(shape) == "its performance and efficiency cores cannot be told apart here");
  shape.cpu.core_kinds[0].pus = 12;
  CHECK(fp64(shape) == 6 * 2500 * 16);
  shape.cpu.core_kinds[0].pus = 9;  // some with one thread: another kind may hide among them
  CHECK(reason(shape) == "its performance and efficiency cores cannot be told apart here");
  shape.cpu.core_kinds[0] = kind(6, 2500, CoreType::kPerformance);  // threads switched off, and the kernel tells the kind
  CHECK(fp64(shape) == 6 * 2500 * 16);
  shape.cpu.core_kinds[0] = kind(8, 2500, CoreType::kEfficiency);
  CHECK(fp64(shape) == 8 * 2500 * 8);
}

TEST_CASE("chip table: a model number that was sold twice is told by the name", "[chip_table]") {
  const auto core = [](const char* model) { return shipped().microarchitecture(shape_of("GenuineIntel", "6-142-12", model).cpu); };
  CHECK(core("Intel(R) Core(TM) i7-10610U CPU @ 1.80GHz") == "Comet Lake");
  CHECK(core("Intel(R) Core(TM) i7-8565U CPU @ 1.80GHz") == "Kaby Lake, Coffee Lake");
}

TEST_CASE("chip table: a CPU that names no vendor is one vendor's, and no other's words contradict it", "[chip_table]") {
  auto shape = shape_of("", "6-85-7", "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz");
  shape.cpu.isa = {"avx2", "avx512f"};
  CHECK(shipped().microarchitecture(shape.cpu) == "Cascade Lake-SP");
  CHECK(fp64(shape) == 8 * 2000 * 32);
}

TEST_CASE("chip table: how many AVX-512 units a Xeon has is told by its model, not by its generation", "[chip_table]") {
  const auto rate = [](const char* identity, const char* model) {
    auto shape = shape_of("GenuineIntel", identity, model);
    shape.cpu.isa = {"amx_bf16", "amx_int8", "amx_tile", "avx2", "avx512f"};
    if (std::string(identity).rfind("6-143", 0) != 0) shape.cpu.isa = {"avx2", "avx512f"};
    return shipped().rate(shape);
  };
  const auto a_cycle = [&](const char* identity, const char* model) {
    return rate(identity, model).cpu[static_cast<std::size_t>(Precision::kFp64)].value_or(0) / (8 * 2000);
  };
  CHECK(a_cycle("6-106-6", "Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz") == 32);
  CHECK(a_cycle("6-108-1", "Intel(R) Xeon(R) D-2776NT CPU @ 2.10GHz") == 16);
  CHECK(a_cycle("6-108-1", "Intel(R) Xeon(R) D-1736NT CPU @ 2.70GHz") == 16);
  CHECK(a_cycle("6-85-7", "Intel(R) Xeon(R) Gold 5222 CPU @ 3.80GHz") == 32);
  CHECK(a_cycle("6-85-7", "Intel(R) Xeon(R) Gold 5220 CPU @ 2.20GHz") == 16);
  CHECK(a_cycle("6-85-7", "Intel(R) Xeon(R) W-2295 CPU @ 3.00GHz") == 32);
  CHECK(a_cycle("6-85-4", "Intel(R) Core(TM) i9-7980XE CPU @ 2.60GHz") == 32);
  CHECK(a_cycle("6-85-11", "Intel(R) Xeon(R) Gold 5318H CPU @ 2.50GHz") == 32);
  CHECK(a_cycle("6-143-8", "Intel(R) Xeon(R) Silver 4410Y") == 32);
  CHECK(a_cycle("6-143-8", "Intel(R) Xeon(R) Bronze 3408U") == 16);
  // Its matrix unit is that of the others.
  CHECK(rate("6-143-8", "Intel(R) Xeon(R) Bronze 3408U").cpu[static_cast<std::size_t>(Precision::kBf16)] == 8 * 2000 * 1024);
  for (const auto* model : {"Intel(R) Xeon(R) D-2899NT CPU @ 2.20GHz", "Intel(R) Xeon(R) Processor @ 2.20GHz"}) {
    INFO(model);
    REQUIRE(rate("6-108-1", model).unrated.size() == 1);
    CHECK(rate("6-108-1", model).unrated[0].why ==
          "no source was found for the number of AVX-512 units of this model: Xeon D-17xx and D-27xx have one");
  }
}

TEST_CASE("chip table: server cores are rated by their vector pipes", "[chip_table]") {
  const auto a_cycle = [](const char* vendor, const char* identity, Architecture architecture) {
    return fp64(shape_of(vendor, identity, "", architecture)).value_or(0) / (8 * 2000);
  };
  CHECK(a_cycle("Ampere", "0xc0-0xac3-0x0", Architecture::kAarch64) == 8);
  CHECK(a_cycle("ARM", "0x41-0xd84-0x0", Architecture::kAarch64) == 16);
  CHECK(a_cycle("ARM", "0x41-0xd8e-0x0", Architecture::kAarch64) == 8);
  CHECK(a_cycle("HiSilicon", "0x48-0xd06-0x0", Architecture::kAarch64) == 16);
  CHECK(a_cycle("Qualcomm", "0x51-0x001-0x2", Architecture::kAarch64) == 16);
  CHECK(a_cycle("IBM", "0x0080", Architecture::kPpc64le) == 32);
  auto granite_rapids = shape_of("GenuineIntel", "6-173-1", "Intel(R) Xeon(R) 6980P");
  CHECK(fp64(granite_rapids) == 8 * 2000 * 16);  // AVX-512 masked
  granite_rapids.cpu.isa = {"amx_tile", "avx2", "avx512f"};
  CHECK(fp64(granite_rapids) == 8 * 2000 * 32);
  CHECK_FALSE(shipped().rate(granite_rapids).cpu[static_cast<std::size_t>(Precision::kBf16)]);
}

TEST_CASE("chip table: processors without a known rate have their microarchitecture, and a reason", "[chip_table]") {
  const auto known = [](const char* vendor, const char* identity, Architecture architecture) {
    const auto shape = shape_of(vendor, identity, "", architecture);
    CHECK_FALSE(reason(shape).empty());
    return shipped().microarchitecture(shape.cpu).value_or("unknown");
  };
  CHECK(known("GenuineIntel", "6-175-3", Architecture::kX86_64) == "Sierra Forest");
  CHECK(known("GenuineIntel", "6-170-4", Architecture::kX86_64) == "Meteor Lake");
  CHECK(known("GenuineIntel", "6-207-2", Architecture::kX86_64) == "Emerald Rapids");
  CHECK(known("GenuineIntel", "6-174-1", Architecture::kX86_64) == "Granite Rapids-D");
  CHECK(known("GenuineIntel", "19-1-0", Architecture::kX86_64) == "Diamond Rapids");
  CHECK(known("AuthenticAMD", "26-96-0", Architecture::kX86_64) == "Zen 5");
  CHECK(known("AuthenticAMD", "26-80-0", Architecture::kX86_64) == "Zen 6");
  CHECK(known("HygonGenuine", "24-2-1", Architecture::kX86_64) == "C86 (without a public name)");
  CHECK(known("HygonGenuine", "24-4-1", Architecture::kX86_64) == "C86 (without a public name)");
  CHECK(known("Shanghai", "7-91-3", Architecture::kX86_64) == "Yongfeng");
  CHECK(known("Ampere", "0xc0-0xac5-0x0", Architecture::kAarch64) == "Ampere-1B");
  CHECK(known("HiSilicon", "0x48-0xd02-0x0", Architecture::kAarch64) == "HIP09");
  CHECK(known("ARM", "0x41-0xd87-0x0", Architecture::kAarch64) == "Cortex-A725");
  CHECK(known("Loongson", "0x14d0", Architecture::kLoongarch64) == "LA664");
  CHECK(known("HiSilicon", "0x48-0xd22-0x0", Architecture::kAarch64) == "TaiShan (without a public name)");
  CHECK(known("IBM", "0x0082", Architecture::kPpc64le) == "POWER11");
  CHECK(known("IBM", "0x0083", Architecture::kPpc64le) == "POWER12");
  CHECK(known("IBM", "0x0066", Architecture::kPpc64le) == "HX-C2000");
  CHECK(known("thead", "thead,c920", Architecture::kRiscv64) == "C920");
  CHECK(known("sifive", "sifive,u74-mc", Architecture::kRiscv64) == "U74");
  CHECK(known("spacemit", "spacemit,x60", Architecture::kRiscv64) == "X60");
  CHECK(known("spacemit", "0x710-0x8000000058000001", Architecture::kRiscv64) == "X60");  // kernels that tell the core's ids
  CHECK(known("IBM/S390", "3931", Architecture::kS390x) == "z16");
}

TEST_CASE("chip table: cards that share a PCI id are told by their name, and rated as what they are", "[chip_table]") {
  Shape shape;
  shape.accelerators = {
      {.kind = AcceleratorKind::kGpu, .vendor_id = 0x10de, .device_id = 0x25b6, .memory_bytes = {}, .count = 4, .dies = 1}};
  CHECK(shipped().rate(shape).rated_accelerators == 0);
  shape.accelerators[0].name = "NVIDIA A16";
  CHECK(shipped().rate(shape).accelerators[static_cast<std::size_t>(Precision::kFp32)] == 4 * 4'340'000);
  shape.accelerators[0].name = "NVIDIA A2";
  CHECK(shipped().rate(shape).accelerators[static_cast<std::size_t>(Precision::kFp32)] == 4 * 4'530'000);
}

TEST_CASE("chip table: cards that share a PCI id are told by their memory where no driver names them", "[chip_table]") {
  Shape shape;
  shape.accelerators = {
      {.kind = AcceleratorKind::kGpu, .vendor_id = 0x10de, .device_id = 0x1e30, .memory_bytes = 24'220ULL << 20U, .count = 2, .dies = 1}};
  CHECK(shipped().accelerator_name(shape.accelerators[0]) == "NVIDIA Quadro RTX 6000");
  CHECK(shipped().rate(shape).accelerators[static_cast<std::size_t>(Precision::kFp16)] == 2 * 130'500'000ULL);
  shape.accelerators[0].memory_bytes = 48'601ULL << 20U;
  CHECK(shipped().accelerator_name(shape.accelerators[0]) == "NVIDIA Quadro RTX 8000");
  CHECK(shipped().rate(shape).rated_accelerators == 0);  // no source of its figures was read
}
