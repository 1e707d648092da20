#include "common/chip_table.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/chip_table_match.hpp"

using namespace capmap;

namespace {

const std::string kCatalog = std::string(CAPMAP_SOURCE_DIR) + "/schemas/catalog";

const ChipTable& shipped() {
  static const auto table = ChipTable::load(kCatalog);
  if (!table) FAIL(table.error().what);
  return *table;
}

struct Cpu {
  const char* vendor;
  const char* identity;
  const char* model;
  std::uint32_t cores;
  std::vector<std::string> isa = {"avx2"};
  std::optional<std::uint32_t> base_mhz = {};
  Architecture architecture = Architecture::kX86_64;
};

Shape shape_of(const Cpu& cpu) {
  Shape shape;
  const auto source = cpu.base_mhz ? ClockSource::kModelName : ClockSource::kUnknown;
  shape.cpu.architecture = cpu.architecture;
  shape.cpu.vendor = cpu.vendor;
  shape.cpu.model = cpu.model;
  shape.cpu.identity = cpu.identity;
  shape.cpu.packages = 2;
  shape.cpu.core_kinds = {{.cores = cpu.cores, .pus = cpu.cores, .base_mhz = cpu.base_mhz, .base_source = source, .max_mhz = {}}};
  shape.cpu.isa = cpu.isa;
  return shape;
}

std::optional<std::uint64_t> at(const PeakMflops& peaks, Precision precision) {
  return peaks[static_cast<std::size_t>(precision)];
}

/// Why the CPU is unrated; the test fails when it is rated.
std::string reason(const Shape& shape) {
  const auto rating = shipped().rate(shape);
  REQUIRE(rating.unrated.size() == 1);
  CHECK(rating.unrated[0].what == "cpu");
  CHECK(rating.unrated[0].count == 2);
  CHECK(rating.cpu == PeakMflops{});
  return rating.unrated[0].why;
}

Shape with_accelerator(std::uint16_t vendor_id, std::uint16_t device_id, std::uint32_t count) {
  auto shape = shape_of({"AuthenticAMD", "25-1-1", "AMD EPYC 7763 64-Core Processor", 128});
  shape.accelerators = {{.vendor_id = vendor_id, .device_id = device_id, .memory_bytes = {}, .count = count}};
  return shape;
}

/// A copy of the catalog in which one file's text is changed, so that a broken file is refused for one reason only.
class ChangedCatalog {
 public:
  ChangedCatalog(const std::string& file, const std::string& from, const std::string& to) {
    std::filesystem::copy(kCatalog, folder_);
    std::stringstream text;
    text << std::ifstream(folder_ / file).rdbuf();
    auto changed = text.str();
    const auto place = changed.find(from);
    REQUIRE(place != std::string::npos);
    std::ofstream(folder_ / file) << changed.replace(place, from.size(), to);
  }
  ~ChangedCatalog() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string refusal() const {
    const auto table = ChipTable::load(folder_.string());
    return table ? "accepted" : table.error().what.substr(folder_.string().size() + 1);
  }

 private:
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("capmap-catalog-" + std::to_string(::getpid()));
};

}  // namespace

TEST_CASE("chip table: a Kunpeng 920 has a quarter of its FP32 rate in FP64", "[chip_table]") {
  // 2 x 48 cores x 2600 MHz x 4 = 998,400; x 16 = 3,993,600; x 32 = 7,987,200 MFLOP/s.
  const auto rating =
      shipped().rate(shape_of({"HiSilicon", "0x48-0xd01-0x1", "Kunpeng 920-4826", 96, {"asimd"}, {}, Architecture::kAarch64}));
  CHECK(at(rating.cpu, Precision::kFp64) == 998'400);
  CHECK(at(rating.cpu, Precision::kFp32) == 3'993'600);
  CHECK(at(rating.cpu, Precision::kFp16) == 7'987'200);
}

TEST_CASE("chip table: the series name of a Kunpeng 920 tells no clock, so it stays unrated until sysfs does", "[chip_table]") {
  auto shape = shape_of({"HiSilicon", "0x48-0xd01-0x1", "Kunpeng-920", 128, {"asimd"}, {}, Architecture::kAarch64});
  CHECK(reason(shape) == "the name Kunpeng-920 does not tell the model: parts of 2400, 2600 and 3000 MHz carry it");
  shape.cpu.core_kinds[0].base_mhz = 2600;
  shape.cpu.core_kinds[0].base_source = ClockSource::kSysfs;
  CHECK(at(shipped().rate(shape).cpu, Precision::kFp64) == 1'331'200);  // 128 x 2600 x 4
}

TEST_CASE("chip table: a Xeon Platinum 8380 is rated by the clock in its name", "[chip_table]") {
  // 2 x 40 cores x 2300 MHz x 32 = 5,888,000; INT8 by VNNI x 256 = 47,104,000.
  const Cpu cpu{"GenuineIntel", "6-106-6", "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz", 80, {"avx2", "avx512f"}, 2300};
  const auto rating = shipped().rate(shape_of(cpu));
  CHECK(at(rating.cpu, Precision::kFp64) == 5'888'000);
  CHECK(at(rating.cpu, Precision::kInt8) == 47'104'000);
  CHECK(shipped().microarchitecture(shape_of(cpu).cpu) == "Ice Lake-SP");
}

TEST_CASE("chip table: the name tells whether a Cascade Lake has one AVX-512 unit or two", "[chip_table]") {
  const std::vector<std::string> isa = {"avx2", "avx512f"};
  const auto gold = shipped().rate(shape_of({"GenuineIntel", "6-85-7", "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", 20, isa, 2500}));
  CHECK(at(gold.cpu, Precision::kFp64) == 1'600'000);  // 20 x 2500 x 32
  const auto silver = shipped().rate(shape_of({"GenuineIntel", "6-85-7", "Intel(R) Xeon(R) Silver 4214 CPU @ 2.20GHz", 12, isa, 2200}));
  CHECK(at(silver.cpu, Precision::kFp64) == 422'400);  // 12 x 2200 x 16
  CHECK(reason(shape_of({"GenuineIntel", "6-85-7", "Intel(R) Xeon(R) Processor @ 2.50GHz", 20, isa, 2500})) ==
        "the name does not tell the number of AVX-512 units: Platinum, Gold 61xx and 62xx have two, lower ones have one");
}

TEST_CASE("chip table: with AVX-512 masked the number of its units does not matter", "[chip_table]") {
  const auto rating = shipped().rate(shape_of({"GenuineIntel", "6-85-7", "Intel(R) Xeon(R) Processor @ 2.50GHz", 20, {"avx2"}, 2500}));
  CHECK(at(rating.cpu, Precision::kFp64) == 800'000);  // 20 x 2500 x 16
}

TEST_CASE("chip table: AMX counts only where the machine shows it", "[chip_table]") {
  Cpu cpu{"GenuineIntel", "6-143-8", "Intel(R) Xeon(R) Platinum 8480+", 112, {"amx_bf16", "amx_int8", "amx_tile", "avx2", "avx512f"}};
  const auto with = shipped().rate(shape_of(cpu));
  CHECK(at(with.cpu, Precision::kBf16) == 229'376'000);  // 112 x 2000 x 1024
  CHECK(at(with.cpu, Precision::kInt8) == 458'752'000);  // 112 x 2000 x 2048
  CHECK(at(with.cpu, Precision::kFp64) == 7'168'000);    // 112 x 2000 x 32
  cpu.isa = {"avx2", "avx512f"};
  const auto without = shipped().rate(shape_of(cpu));
  CHECK(at(without.cpu, Precision::kBf16) == 28'672'000);  // 112 x 2000 x 128
  CHECK(at(without.cpu, Precision::kFp64) == 7'168'000);
}

TEST_CASE("chip table: instructions that the model cannot have leave it unrated and unnamed", "[chip_table]") {
  const auto shape = shape_of({"GenuineIntel", "6-167-1", "Intel(R) Xeon(R) Processor", 2, {"amx_tile", "avx2", "avx512f"}, 2500});
  CHECK(reason(shape) ==
        "CPUID model 6-167 (Rocket Lake) does not have amx_tile, which this machine shows: a hypervisor hides the real model");
  CHECK_FALSE(shipped().microarchitecture(shape.cpu));
  CHECK(shipped().rate(shape).unrated.at(0).contradicted);
  CHECK_FALSE(shipped().rate(shape_of({"GenuineIntel", "6-200-1", "Intel(R) Xeon(R) 9999", 8})).unrated.at(0).contradicted);
  CHECK(reason(shape_of({"AuthenticAMD", "23-49-0", "AMD EPYC 7742 64-Core Processor", 64, {"avx2", "avx512f"}})) ==
        "CPUID model 23-49 (Zen 2) does not have avx512f, which this machine shows: a hypervisor hides the real model");
}

TEST_CASE("chip table: what is not known is said, not guessed", "[chip_table]") {
  CHECK(reason(shape_of({"GenuineIntel", "6-200-1", "Intel(R) Xeon(R) 9999", 8})) == "CPUID model 6-200 is not in the chip table");
  CHECK(reason(shape_of({"", "", "", 8})) == "the CPU does not say what it is (no CPUID, MIDR or PVR was read)");
  CHECK(reason(shape_of({"AuthenticAMD", "25-1-1", "AMD EPYC 7R13 48-Core Processor", 48})) ==
        "its base clock is not known: sysfs and CPUID do not tell it, and neither does its name (AMD EPYC 7R13 48-Core Processor) or the "
        "chip table");
  CHECK(reason(shape_of({"AuthenticAMD", "25-1-1", "AMD EPYC 7763 64-Core Processor", 0})) == "its number of cores is not known");
  CHECK(reason(shape_of({"Phytium", "0x70-0x663-0x1", "FT-2000+/64", 64, {}, {}, Architecture::kAarch64})) ==
        "no good source was found for the rate of FTC66x");
  CHECK(reason(shape_of({"GenuineIntel", "6-143-8", "Intel(R) Xeon(R) Platinum 8480+", 112, {}})) ==
        "its instruction set was not read, and the rate of Sapphire Rapids depends on it");
}

TEST_CASE("chip table: a clock of unknown origin never enters a nominal figure", "[chip_table]") {
  auto shape = shape_of({"AuthenticAMD", "25-1-1", "AMD EPYC 7763 64-Core Processor", 128});
  shape.cpu.core_kinds[0].base_mhz = 2445;  // a guest's estimate
  CHECK(at(shipped().rate(shape).cpu, Precision::kFp64) == 5'017'600);
}

TEST_CASE("chip table: the cores of a hybrid CPU count each at its own rate and clock", "[chip_table]") {
  // 8 P-cores x 3600 x 16 + 4 E-cores x 2700 x 8 = 460,800 + 86,400.
  auto shape = shape_of({"GenuineIntel", "6-151-2", "12th Gen Intel(R) Core(TM) i7-12700K", 12});
  const auto kind = [](std::uint32_t cores, std::uint32_t pus, std::uint32_t mhz) {
    return CoreKind{.cores = cores, .pus = pus, .base_mhz = mhz, .base_source = ClockSource::kSysfs, .max_mhz = {}};
  };
  shape.cpu.core_kinds = {kind(8, 16, 3600), kind(4, 4, 2700)};
  CHECK(at(shipped().rate(shape).cpu, Precision::kFp64) == 547'200);
  shape.cpu.core_kinds = {kind(8, 8, 3600), kind(4, 4, 2700)};
  CHECK(reason(shape) == "its performance and efficiency cores cannot be told apart here");
  shape.cpu.core_kinds[0].max_mhz = 4900;
  shape.cpu.core_kinds[1].max_mhz = 3800;
  CHECK(at(shipped().rate(shape).cpu, Precision::kFp64) == 547'200);
}

TEST_CASE("chip table: eight H100 SXM5 add up exactly", "[chip_table]") {
  const auto rating = shipped().rate(with_accelerator(0x10de, 0x2330, 8));
  CHECK(rating.rated_accelerators == 8);
  CHECK(at(rating.accelerators, Precision::kFp64) == 268'000'000);        // 8 x 33.5 TFLOP/s
  CHECK(at(rating.accelerators, Precision::kFp64Matrix) == 535'200'000);  // 8 x 66.9
  CHECK(at(rating.accelerators, Precision::kFp16) == 7'915'200'000);      // 8 x 989.4, dense
  CHECK_FALSE(at(rating.accelerators, Precision::kFp4));
  CHECK(shipped().accelerator_name(0x10de, 0x2330) == "NVIDIA H100 SXM5 80GB");
}

TEST_CASE("chip table: an MI250X shows as two devices, each half of the card", "[chip_table]") {
  const auto rating = shipped().rate(with_accelerator(0x1002, 0x7408, 8));  // four cards
  CHECK(at(rating.accelerators, Precision::kFp64) == 191'600'000);          // 4 x 47.9
  CHECK(at(rating.accelerators, Precision::kFp16) == 1'532'000'000);        // 4 x 383
  CHECK(at(rating.accelerators, Precision::kFp64Matrix) == 382'800'000);    // 4 x 95.7
}

TEST_CASE("chip table: a PCI id that several models share is counted as unrated", "[chip_table]") {
  const auto rating = shipped().rate(with_accelerator(0x19e5, 0xd802, 8));
  CHECK(rating.rated_accelerators == 0);
  CHECK(rating.accelerators == PeakMflops{});
  REQUIRE(rating.unrated.size() == 1);
  CHECK(rating.unrated[0].what == "Huawei Ascend 910B (A2)");
  CHECK(rating.unrated[0].count == 8);
  CHECK(rating.unrated[0].why ==
        "this PCI id is shared by Huawei Ascend 910B1, Huawei Ascend 910B2, Huawei Ascend 910B3, Huawei Ascend 910B4; its memory size or "
        "the vendor's library would tell");
}

TEST_CASE("chip table: of models that share a PCI id the memory size tells one", "[chip_table]") {
  auto shape = with_accelerator(0x19e5, 0xd802, 8);
  shape.accelerators[0].memory_bytes = 32ULL << 30U;
  const auto rating = shipped().rate(shape);
  CHECK(rating.unrated.empty());
  CHECK(at(rating.accelerators, Precision::kBf16) == 1'966'080'000);  // 8 x 245.76, Ascend 910B4
  CHECK(shipped().accelerator_name(shape.accelerators[0]) == "Huawei Ascend 910B4");
  shape.accelerators[0].memory_bytes = 1ULL << 30U;
  CHECK(shipped().rate(shape).unrated.at(0).why.find("its memory is that of none of Huawei Ascend 910B1") == 0);
}

TEST_CASE("chip table: a chip that no PCI id tells is found by the name its library gives", "[chip_table]") {
  auto shape = with_accelerator(0x1d94, 0x0001, 4);
  CHECK(shipped().rate(shape).rated_accelerators == 0);
  shape.accelerators[0].name = "BW200";
  CHECK(at(shipped().rate(shape).accelerators, Precision::kFp64) == 120'000'000);
}

TEST_CASE("chip table: what a rated accelerator has no figure for is said beside the sums", "[chip_table]") {
  auto shape = with_accelerator(0x10de, 0x2330, 8);                                                          // H100
  shape.accelerators.push_back({.vendor_id = 0x10de, .device_id = 0x27b8, .memory_bytes = {}, .count = 2});  // L4: no FP64
  const auto rating = shipped().rate(shape);
  const auto counted = [&](Precision precision) { return rating.accelerators_counted[static_cast<std::size_t>(precision)]; };
  CHECK(rating.rated_accelerators == 10);
  CHECK(counted(Precision::kFp64) == 8);
  CHECK(counted(Precision::kFp16) == 10);
  CHECK(counted(Precision::kFp4) == 0);
  REQUIRE(rating.gaps.size() == 2);
  CHECK(rating.gaps[0] == PeakGap{"NVIDIA H100 SXM5 80GB", 8, {Precision::kFp32Matrix, Precision::kFp4, Precision::kInt4}});
  CHECK(rating.gaps[1].what == "NVIDIA L4");
  CHECK(rating.gaps[1].count == 2);
  CHECK(precision_words(rating.gaps[1].lacks) == std::vector<std::string>{"fp64", "fp64_matrix", "fp32_matrix", "fp4"});
}

TEST_CASE("chip table: the listing shows every row with its source, and no figure that nobody vouches for", "[chip_table]") {
  const auto entries = shipped().list();
  const auto named = [&](const std::string& name) {
    const auto at = std::find_if(entries.begin(), entries.end(), [&](const ChipEntry& entry) { return entry.name == name; });
    REQUIRE(at != entries.end());
    return *at;
  };
  CHECK(std::all_of(entries.begin(), entries.end(), [](const ChipEntry& entry) { return !entry.source.empty() && !entry.part.empty(); }));
  const auto h100 = named("NVIDIA H100 SXM5 80GB");
  CHECK(h100.part == "gpu");
  CHECK(h100.covers == "10de:2330");
  CHECK(h100.memory_bytes == 80'000'000'000);
  CHECK(h100.bandwidth_mbs == 3'350'000);
  CHECK(h100.tdp_watts == 700);
  CHECK(h100.confidence == 'A');
  CHECK(at(named("Zen 3").rates, Precision::kFp64) == 16);
  CHECK(named("POWER8").rates == PeakMflops{});                             // confidence C
  CHECK_FALSE(at(named("NVIDIA H800 PCIe 80GB").rates, Precision::kTf32));  // unsourced
}

TEST_CASE("chip table: chips that are unknown, nameless or without a good source are listed by name with their count", "[chip_table]") {
  auto shape = with_accelerator(0x1234, 0x5678, 3);
  shape.accelerators.push_back({.vendor_id = 0x1234, .device_id = 0x5678, .memory_bytes = 1 << 20, .count = 2});
  shape.accelerators.push_back({.vendor_id = 0x9999, .device_id = 0x0a01, .memory_bytes = {}, .count = 8});
  shape.accelerators.push_back({.vendor_id = 0x10de, .device_id = 0x2531, .memory_bytes = {}});
  const auto rating = shipped().rate(shape);
  REQUIRE(rating.unrated.size() == 3);
  CHECK(rating.unrated[0] == Unrated{"MetaX C500 (MXC500)", "no good source was found for its peak figures", 8});
  CHECK(rating.unrated[1] == Unrated{"NVIDIA GA106 [RTX A2000]", "this accelerator has no row in the chip table", 1});
  CHECK(rating.unrated[2] == Unrated{"PCI device 1234:5678", "this accelerator has no row in the chip table", 5});
}

TEST_CASE("chip table: a count no server can have is not added", "[chip_table]") {
  const auto rating = shipped().rate(with_accelerator(0x10de, 0x2330, 4'000'000'000));
  CHECK(rating.rated_accelerators == 0);
  REQUIRE(rating.unrated.size() == 1);
  CHECK(rating.unrated[0].why == "a count of 4000000000 in one server is not credible");
}

TEST_CASE("chip table: accelerators are told from their neighbours on the bus", "[chip_table]") {
  CHECK(shipped().accelerator_kind(0x10de, 0x2330) == AcceleratorKind::kGpu);
  CHECK(shipped().accelerator_kind(0x19e5, 0xd802) == AcceleratorKind::kNpu);
  CHECK(shipped().is_accelerator(0x1e3e, 0x0001));        // Iluvatar: every device of the vendor
  CHECK_FALSE(shipped().is_accelerator(0x19e5, 0x3754));  // an NVMe drive of the same vendor
  CHECK_FALSE(shipped().is_accelerator(0x10de, 0x22a3));  // NVSwitch
  CHECK_FALSE(shipped().accelerator_name(0x8086, 0x1572));
}

TEST_CASE("chip table: identity patterns compare part by part", "[chip_table]") {
  CHECK(identity_matches("6-85-0..4", "6-85-4"));
  CHECK_FALSE(identity_matches("6-85-0..4", "6-85-5"));
  CHECK(identity_matches("25-1|16..31", "25-17-1"));
  CHECK(identity_matches("0x41-0xd49 0x6d-0xd49", "0x6d-0xd49-0x0"));
  CHECK_FALSE(identity_matches("6-85-0..4", "6-85"));
  CHECK_FALSE(identity_matches("6-8", "6-85"));
  CHECK_FALSE(identity_matches("6-85", ""));
  CHECK_FALSE(is_identity_pattern("6-85-5..4"));
  CHECK_FALSE(is_identity_pattern("6--1"));
}

TEST_CASE("chip table: a name pattern fits whole words, side by side, in any spelling", "[chip_table]") {
  const auto words = name_words("INTEL(R) XEON(R) GOLD 6526Y");
  CHECK(words == std::vector<std::string>{"intel", "xeon", "gold", "6526y"});
  CHECK(name_matches(name_pattern("Xeon Gold 65*"), words));
  CHECK(name_matches(name_pattern("platinum|gold 6526Y"), words));
  CHECK_FALSE(name_matches(name_pattern("gold 6526"), words));
  CHECK_FALSE(name_matches(name_pattern("xeon 6526Y"), words));
  CHECK(name_matches(name_pattern(""), {}));
}

TEST_CASE("chip table: a wrong cell fails the load with file, line and column", "[chip_table]") {
  CHECK(ChangedCatalog("cpus.csv", "6-26|30|31|46,,,,avx2 avx512f amx_tile,4,", "6-26|30|31|46,,,,avx2 avx512f amx_tile,4x,").refusal() ==
        "cpus.csv:2: fp64: \"4x\" is not a whole number from 1 to 65536");
  CHECK(ChangedCatalog("cpus.csv", "x86_64,6-26|30|31|46", "x86,6-26|30|31|46").refusal() ==
        "cpus.csv:2: architecture: \"x86\" is none of: x86_64, aarch64, loongarch64, ppc64le, riscv64, s390x");
  CHECK(ChangedCatalog("cpu_skus.csv", ",2450,A,", ",2450,D,").refusal().find("confidence: \"D\" is none of: A, B, C") !=
        std::string::npos);
  CHECK(ChangedCatalog("accelerators.csv", "10de:1db1", "10DE:1db1").refusal() ==
        "accelerators.csv:2: pci_ids: \"10DE\" is not four lower-case hexadecimal digits");
  CHECK(ChangedCatalog("accelerators.csv", ",7.8,,15.7,", ",7.8e1,,15.7,").refusal() ==
        "accelerators.csv:2: fp64: \"7.8e1\" is not a decimal above 0 with at most six digits after the point");
  CHECK(ChangedCatalog("cpus.csv", "gold 51*|silver 41*", "gold 51*||silver 41*")
            .refusal()
            .find("name: \"gold 51*||silver 41*|bronze 31*\" has a") != std::string::npos);
  CHECK(ChangedCatalog("pci_names.csv", "vendor_id,device_id", "vendor_id,device_no").refusal().substr(0, 35) ==
        "pci_names.csv:1: the columns are no");
}

TEST_CASE("chip table: a folder without the catalog is named in the error", "[chip_table]") {
  const auto table = ChipTable::load("/nonexistent/catalog");
  REQUIRE_FALSE(table);
  CHECK(table.error().code == ErrorCode::kAbsent);
  CHECK(table.error().what == "/nonexistent/catalog/VERSION: no such file");
}
