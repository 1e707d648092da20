#include "common/shape.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "common/codec.hpp"

using namespace capmap;

namespace {

AcceleratorShape h200(std::uint32_t count) {
  return {.kind = AcceleratorKind::kGpu,
          .vendor_id = 0x10de,
          .device_id = 0x2335,
          .subsystem_vendor_id = 0x10de,
          .subsystem_device_id = 0x18be,
          .memory_bytes = 150'754'820'096,
          .count = count};
}

/// A two-socket server with eight accelerators, twelve NVMe disks, and NICs of two kinds.
Shape big_server() {
  Shape shape;
  shape.cpu = {.architecture = Architecture::kX86_64,
               .vendor = "GenuineIntel",
               .model = "Intel(R) Xeon(R) Platinum 8558",
               .identity = "6-207-2",
               .packages = 2,
               .dies = 2,
               .cores = 96,
               .pus = 192,
               .numa_nodes = 2,
               .core_kinds = {{.cores = 96, .pus = 192, .base_mhz = 2'100, .base_source = ClockSource::kSysfs, .max_mhz = 4'000}},
               .isa = {"aes", "amx_bf16", "amx_int8", "amx_tile", "avx", "avx2", "avx512_bf16", "avx512_fp16", "avx512bw", "avx512cd",
                       "avx512dq", "avx512f", "avx512vl", "avx_vnni", "f16c", "fma", "sha_ni", "sse4_1", "sse4_2"}};
  shape.memory_bytes = 2'199'023'255'552;
  shape.accelerators = {h200(8)};
  shape.nics = {{.type = NicType::kEthernet, .vendor_id = 0x15b3, .device_id = 0x1019, .speed_mbps = 25'000, .rdma = true, .count = 2},
                {.type = NicType::kInfiniband, .vendor_id = 0x15b3, .device_id = 0x1021, .speed_mbps = 400'000, .rdma = true, .count = 8}};
  shape.disks = {{.media = Media::kNvme, .model = "SAMSUNG MZQL23T8HCLS-00A07", .bytes = 3'840'755'982'336, .count = 10},
                 {.media = Media::kNvme, .model = "SAMSUNG MZ1L2960HCJR-00A07", .bytes = 960'197'124'096, .count = 2}};
  return shape;
}

}  // namespace

TEST_CASE("shape: equal devices merge into one row whatever the order they were found in") {
  Shape found_one_by_one = big_server();
  found_one_by_one.accelerators.assign(8, h200(1));
  found_one_by_one.cpu.isa.push_back("avx2");
  Shape expected = big_server();
  canonicalize(expected);
  std::mt19937 random(7);
  for (int i = 0; i < 50; ++i) {
    Shape shape = found_one_by_one;
    std::ranges::shuffle(shape.accelerators, random);
    std::ranges::shuffle(shape.nics, random);
    std::ranges::shuffle(shape.disks, random);
    std::ranges::shuffle(shape.cpu.isa, random);
    canonicalize(shape);
    REQUIRE(shape == expected);
    REQUIRE(pack_shape(shape).id == pack_shape(expected).id);
  }
}

TEST_CASE("shape: devices that differ in one property stay apart") {
  Shape shape;
  shape.accelerators = {h200(1), h200(1), h200(1)};
  shape.accelerators[1].memory_bytes.reset();
  canonicalize(shape);
  REQUIRE(shape.accelerators.size() == 2);
  CHECK_FALSE(shape.accelerators[0].memory_bytes);
  CHECK(shape.accelerators[0].count == 1);
  CHECK(shape.accelerators[1].count == 2);
}

TEST_CASE("shape: the core kind with most cores stands first") {
  Shape shape;
  shape.cpu.core_kinds.resize(2);
  shape.cpu.core_kinds[0].cores = 8;
  shape.cpu.core_kinds[1].cores = 16;
  canonicalize(shape);
  CHECK(shape.cpu.core_kinds[0].cores == 16);
}

TEST_CASE("shape: a merged count stops at its limit instead of wrapping to a small one, and rows of nothing go") {
  Shape shape;
  shape.accelerators = {h200(UINT32_MAX), h200(UINT32_MAX), h200(3)};
  shape.disks.resize(1);
  shape.disks[0].count = 0;
  canonicalize(shape);
  REQUIRE(shape.accelerators.size() == 1);
  CHECK(shape.accelerators[0].count == 65'536);
  CHECK(shape.disks.empty());
}

TEST_CASE("shape: memory is rounded up to a 64th of its power of two") {
  CHECK(rounded_memory_bytes(24'684'096ULL * 1'024) == 95ULL * 256 * 1'048'576);
  CHECK(rounded_memory_bytes(1ULL << 40U) == 1ULL << 40U);
  CHECK(rounded_memory_bytes((1ULL << 40U) + 1) == (1ULL << 40U) + (1ULL << 34U));
  CHECK(rounded_memory_bytes((1ULL << 40U) - 1) == 1ULL << 40U);
  CHECK(rounded_memory_bytes(0) == 0);
  CHECK(rounded_memory_bytes(5) == 5);
  CHECK(rounded_memory_bytes(UINT64_MAX) == UINT64_MAX);
}

TEST_CASE("shape: packing and unpacking gives the same shape and the id of the raw bytes") {
  const Shape shape = [] {
    Shape s = big_server();
    canonicalize(s);
    return s;
  }();
  const Bytes raw = encode_shape_raw(shape);
  const EncodedShape packed = pack_shape(shape);
  CAPTURE(raw.size(), packed.body.size());
  CHECK(packed.compressed);
  CHECK(packed.raw_bytes == raw.size());
  CHECK(packed.body.size() <= 2'048);
  CHECK(packed.id == shape_id_of(raw));
  const auto unpacked = unpack_shape(packed);
  REQUIRE(unpacked);
  CHECK(unpacked->shape == shape);
  CHECK(unpacked->id == packed.id);
}

TEST_CASE("shape: PUs whose cores are not known are told by their count alone, never as a kind that is refused") {
  Shape shape;
  shape.cpu.pus = 8;
  shape.cpu.core_kinds = {{.cores = 0, .pus = 8, .base_mhz = 2'600, .max_mhz = {}}};
  const auto unpacked = unpack_shape(pack_shape(shape));
  REQUIRE(unpacked);
  CHECK(unpacked->shape.cpu.core_kinds.empty());
  CHECK(unpacked->shape.cpu.pus == 8U);
  CHECK_FALSE(unpacked->shape.cpu.cores);
}

TEST_CASE("shape: a small one travels uncompressed") {
  Shape shape;
  shape.cpu.cores = 2;
  const EncodedShape packed = pack_shape(shape);
  CHECK_FALSE(packed.compressed);
  CHECK(packed.body == encode_shape_raw(shape));
  CHECK(unpack_shape(packed)->shape == shape);
}

TEST_CASE("shape: a claimed id is not believed") {
  EncodedShape packed = pack_shape(big_server());
  const ShapeId right = packed.id;
  packed.id.bytes.fill(9);
  CHECK(unpack_shape(packed)->id == right);
}

TEST_CASE("shape: a body that is not what it announces is malformed") {
  const EncodedShape good = pack_shape(big_server());
  for (const std::uint32_t raw_bytes : {0U, 1U, good.raw_bytes - 1, good.raw_bytes + 1, 32'769U, UINT32_MAX}) {
    EncodedShape bad = good;
    bad.raw_bytes = raw_bytes;
    REQUIRE_FALSE(unpack_shape(bad));
    CHECK(unpack_shape(bad).error().code == ErrorCode::kMalformed);
    bad.compressed = false;
    CHECK_FALSE(unpack_shape(bad));
  }
  for (std::size_t length = 0; length < good.body.size(); ++length) {
    EncodedShape cut = good;
    cut.body.resize(length);
    REQUIRE_FALSE(unpack_shape(cut));
  }
}

TEST_CASE("shape: unpacked rows are canonical even when the sender's were not") {
  Shape shape = big_server();
  canonicalize(shape);
  Shape careless = shape;
  careless.accelerators.assign(8, h200(1));
  const auto unpacked = unpack_shape(pack_shape(careless));
  REQUIRE(unpacked);
  CHECK(unpacked->shape == shape);
  CHECK(unpacked->id != pack_shape(shape).id);
}
