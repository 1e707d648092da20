// Rows whose figures are worked out by hand here, from the same public figures that the catalog names.
#include <catch2/catch.hpp>

#include "common/chip_table.hpp"

using namespace capmap;

namespace {

using Peaks = std::vector<std::pair<Precision, std::uint64_t>>;

const ChipTable& shipped() {
  static const auto table = ChipTable::load(std::string(CAPMAP_SOURCE_DIR) + "/schemas/catalog");
  if (!table) FAIL(table.error().what);
  return *table;
}

Shape two_packages(Architecture architecture, const char* vendor, const char* identity, const char* model, std::uint32_t cores,
                   std::vector<std::string> isa) {
  Shape shape;
  shape.cpu.architecture = architecture;
  shape.cpu.vendor = vendor;
  shape.cpu.identity = identity;
  shape.cpu.model = model;
  shape.cpu.packages = 2;
  shape.cpu.core_kinds = {{.cores = cores, .pus = cores, .base_mhz = {}, .max_mhz = {}}};
  shape.cpu.isa = std::move(isa);
  return shape;
}

Shape eight(std::uint16_t vendor_id, std::uint16_t device_id, std::uint64_t memory_mib) {
  Shape shape;
  shape.accelerators = {{.vendor_id = vendor_id, .device_id = device_id, .memory_bytes = memory_mib << 20U, .count = 8}};
  return shape;
}

/// Exactly these precisions have a peak, with exactly these MFLOP/s.
void check_peaks(const PeakMflops& peaks, const Peaks& expected) {
  PeakMflops wanted{};
  for (const auto& [precision, mflops] : expected) wanted[static_cast<std::size_t>(precision)] = mflops;
  for (std::size_t p = 0; p < kPrecisionCount; ++p) {
    INFO(kPrecisionNames[p]);
    CHECK(peaks[p] == wanted[p]);
  }
}

}  // namespace

TEST_CASE("golden: 2 x EPYC 7763 = 128 cores x 2450 MHz x 16 FP64 or 32 FP32 a cycle") {
  const auto shape = two_packages(Architecture::kX86_64, "AuthenticAMD", "25-1-1", "AMD EPYC 7763 64-Core Processor", 128, {"avx2"});
  const auto rating = shipped().rate(shape);
  check_peaks(rating.cpu, {{Precision::kFp64, 5'017'600}, {Precision::kFp32, 10'035'200}});
  CHECK(rating.unrated.empty());
}

TEST_CASE("golden: 2 x Xeon Platinum 8480+ = 112 cores x 2000 MHz, AVX-512 with two units, AMX for BF16 and INT8") {
  const auto rating = shipped().rate(two_packages(Architecture::kX86_64, "GenuineIntel", "6-143-8", "Intel(R) Xeon(R) Platinum 8480+", 112,
                                                  {"amx_bf16", "amx_int8", "amx_tile", "avx2", "avx512f"}));
  // x 32, 64, 128 by width of two 512-bit units; x 1024 and 2048 on AMX
  check_peaks(rating.cpu, {{Precision::kFp64, 7'168'000},
                           {Precision::kFp32, 14'336'000},
                           {Precision::kFp16, 28'672'000},
                           {Precision::kBf16, 229'376'000},
                           {Precision::kInt8, 458'752'000}});
}

TEST_CASE("golden: 2 x Kunpeng 920-6426 = 128 cores x 2600 MHz x 4 FP64, 16 FP32, 32 FP16 a cycle") {
  const auto rating =
      shipped().rate(two_packages(Architecture::kAarch64, "HiSilicon", "0x48-0xd01-0x1", "Kunpeng 920-6426", 128, {"asimd"}));
  check_peaks(rating.cpu, {{Precision::kFp64, 1'331'200}, {Precision::kFp32, 5'324'800}, {Precision::kFp16, 10'649'600}});
}

TEST_CASE("golden: 8 x H100 SXM, dense") {
  const auto rating = shipped().rate(eight(0x10de, 0x2330, 81'559));
  check_peaks(rating.accelerators, {{Precision::kFp64, 268'000'000},        // 8 x 33.5 TFLOP/s
                                    {Precision::kFp64Matrix, 535'200'000},  // 66.9
                                    {Precision::kFp32, 535'200'000},        // 66.9
                                    {Precision::kTf32, 3'957'600'000},      // 494.7
                                    {Precision::kFp16, 7'915'200'000},      // 989.4
                                    {Precision::kBf16, 7'915'200'000},      // 989.4
                                    {Precision::kFp8, 15'831'200'000},      // 1978.9
                                    {Precision::kInt8, 15'831'200'000}});   // 1978.9
}

TEST_CASE("golden: 8 x GH200 of 96 GB, dense") {
  const auto rating = shipped().rate(eight(0x10de, 0x2342, 97'871));
  check_peaks(rating.accelerators, {{Precision::kFp64, 272'000'000},        // 8 x 34 TFLOP/s
                                    {Precision::kFp64Matrix, 536'000'000},  // 67
                                    {Precision::kFp32, 536'000'000},        // 67
                                    {Precision::kTf32, 3'952'000'000},      // 494
                                    {Precision::kFp16, 7'920'000'000},      // 990
                                    {Precision::kBf16, 7'920'000'000},      // 990
                                    {Precision::kFp8, 15'832'000'000},      // 1979
                                    {Precision::kInt8, 15'832'000'000}});   // 1979
}

TEST_CASE("golden: 8 x RTX A5000: half of the 222.2 TFLOP/s that its sheet prints with sparsity") {
  const auto rating = shipped().rate(eight(0x10de, 0x2231, 24'564));
  check_peaks(rating.accelerators, {{Precision::kFp32, 222'400'000}, {Precision::kFp16, 888'800'000}});
}

TEST_CASE("golden: 8 x MI300X, dense") {
  const auto rating = shipped().rate(eight(0x1002, 0x74a1, 196'592));
  check_peaks(rating.accelerators, {{Precision::kFp64, 653'600'000},          // 8 x 81.7 TFLOP/s
                                    {Precision::kFp64Matrix, 1'307'200'000},  // 163.4
                                    {Precision::kFp32, 1'307'200'000},        // 163.4
                                    {Precision::kTf32, 5'229'600'000},        // 653.7
                                    {Precision::kFp16, 10'459'200'000},       // 1307.4
                                    {Precision::kBf16, 10'459'200'000},       // 1307.4
                                    {Precision::kFp8, 20'919'200'000},        // 2614.9
                                    {Precision::kInt8, 20'919'200'000}});     // 2614.9
}

TEST_CASE("golden: 8 x MI60, which shares its PCI id, where a name tells it from MI50") {
  auto shape = eight(0x1002, 0x66a1, 32'752);
  shape.accelerators[0].name = "AMD Radeon Instinct MI60";
  check_peaks(shipped().rate(shape).accelerators, {{Precision::kFp64, 59'200'000},     // 8 x 7.4 TFLOP/s
                                                   {Precision::kFp32, 117'600'000},    // 14.7
                                                   {Precision::kFp16, 236'000'000},    // 29.5
                                                   {Precision::kInt8, 471'200'000}});  // 58.9

  shape.accelerators[0].name = "AMD Instinct MI60 / MI50";  // both have models of 32 GB
  check_peaks(shipped().rate(shape).accelerators, {});
}

TEST_CASE("golden: 8 x Ascend 910B2 = 24 cores x 8192 a cycle x 1800 MHz each, where the vendor's library names them") {
  auto shape = eight(0x19e5, 0xd802, 65'536);
  shape.accelerators[0].name = "Ascend910B2";
  const auto rating = shipped().rate(shape);
  static_assert(24ULL * 8'192 * 1'800 * 8 == 2'831'155'200);
  check_peaks(rating.accelerators, {{Precision::kFp16, 2'831'155'200}, {Precision::kBf16, 2'831'155'200}});
  CHECK(shipped().accelerator_name(shape.accelerators[0]) == "Huawei Ascend 910B2");

  shape.accelerators[0].name.clear();
  const auto nameless = shipped().rate(shape);
  REQUIRE(nameless.unrated.size() == 2);  // there is no processor in this shape either
  CHECK(nameless.unrated[1].count == 8);
  CHECK(nameless.unrated[1].why ==
        "this PCI id is shared by Huawei Ascend 910B1, Huawei Ascend 910B2, Huawei Ascend 910B3; the model name of the vendor's library "
        "would tell");
}
