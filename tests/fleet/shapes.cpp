#include "common/shape.hpp"
#include "tests/fleet/fleet.hpp"

namespace capmap::fleet {
namespace {

constexpr std::uint64_t kGib = std::uint64_t{1} << 30;

CpuShape cpu(const char* vendor, const char* model, const char* identity, std::uint32_t packages, std::uint32_t cores, std::uint32_t pus,
             std::uint32_t numa_nodes) {
  CpuShape out;
  out.architecture = Architecture::kX86_64;
  out.vendor = vendor;
  out.model = model;
  out.identity = identity;
  out.packages = out.dies = packages;
  out.cores = cores;
  out.pus = pus;
  out.numa_nodes = numa_nodes;
  out.core_kinds = {CoreKind{.cores = cores, .pus = pus, .base_mhz = {}, .base_source = ClockSource::kUnknown, .max_mhz = {}}};
  return out;
}

Shape h100_server() {
  Shape shape;
  shape.cpu = cpu("GenuineIntel", "Intel(R) Xeon(R) Platinum 8480+", "6-143-8", 2, 112, 224, 2);
  shape.cpu.core_kinds[0].base_mhz = 2'000;
  shape.cpu.core_kinds[0].base_source = ClockSource::kSysfs;
  shape.cpu.isa = {"amx_bf16", "amx_int8", "amx_tile", "avx2", "avx512_bf16", "avx512_fp16", "avx512_vnni", "avx512f", "fma"};
  shape.memory_bytes = 2'048 * kGib;
  shape.accelerators = {AcceleratorShape{.kind = AcceleratorKind::kGpu,
                                         .vendor_id = 0x10de,
                                         .device_id = 0x2330,
                                         .subsystem_vendor_id = 0x10de,
                                         .subsystem_device_id = 0x16c1,
                                         .memory_bytes = 80 * kGib,
                                         .count = 8}};
  shape.nics = {
      NicShape{.type = NicType::kInfiniband, .vendor_id = 0x15b3, .device_id = 0x1021, .speed_mbps = 400'000, .rdma = true, .count = 8}};
  shape.disks = {DiskShape{.media = Media::kNvme, .model = "SAMSUNG MZQL23T8HCLS-00A07", .bytes = 3'840'755'982'336, .count = 8}};
  return shape;
}

Shape epyc_server() {
  Shape shape;
  shape.cpu = cpu("AuthenticAMD", "AMD EPYC 7763 64-Core Processor", "25-1-1", 2, 128, 256, 2);
  shape.cpu.isa = {"avx", "avx2", "fma"};
  shape.memory_bytes = 512 * kGib;
  shape.nics = {
      NicShape{.type = NicType::kEthernet, .vendor_id = 0x15b3, .device_id = 0x101d, .speed_mbps = 100'000, .rdma = true, .count = 2}};
  shape.disks = {DiskShape{.media = Media::kNvme, .model = "INTEL SSDPF2KX076TZ", .bytes = 7'681'501'126'656, .count = 2}};
  return shape;
}

Shape kunpeng_server() {
  Shape shape;
  shape.cpu = cpu("HiSilicon", "Kunpeng 920-4826", "0x48-0xd01-0x1", 2, 96, 96, 4);
  shape.cpu.architecture = Architecture::kAarch64;
  shape.cpu.isa = {"asimd", "asimdhp"};
  shape.memory_bytes = 512 * kGib;
  shape.nics = {
      NicShape{.type = NicType::kEthernet, .vendor_id = 0x19e5, .device_id = 0xa222, .speed_mbps = 25'000, .rdma = false, .count = 4}};
  shape.disks = {DiskShape{.media = Media::kHdd, .model = "ST8000NM000A", .bytes = 8'001'563'222'016, .count = 12}};
  return shape;
}

}  // namespace

std::vector<Shape> known_shapes() {
  std::vector<Shape> shapes = {epyc_server(), h100_server(), kunpeng_server()};
  for (auto& shape : shapes) canonicalize(shape);
  return shapes;
}

}  // namespace capmap::fleet
