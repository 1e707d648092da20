#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace capmap {

/// The domain in plain structs: no I/O, no wire types. A reading that could not be taken is absent, never 0.
/// Enum value 0 means unknown. Order inside a Shape is canonical (see canonicalize in common/shape.hpp).

enum class Architecture : std::uint8_t { kUnknown, kX86_64, kAarch64, kLoongarch64, kPpc64le, kRiscv64, kS390x };
enum class ClockSource : std::uint8_t { kUnknown, kSysfs, kCpuid, kModelName };         ///< where a base clock was read
enum class CoreType : std::uint8_t { kUnknown, kPerformance, kEfficiency, kLowPower };  ///< as a hybrid CPU tells its cores apart
enum class AcceleratorKind : std::uint8_t { kUnknown, kGpu, kNpu, kFpga, kOther };
enum class NicType : std::uint8_t { kUnknown, kEthernet, kInfiniband, kRoce };
enum class Media : std::uint8_t { kUnknown, kNvme, kSsd, kHdd, kRemote };

/// Cores of one kind; a machine that is not hybrid has one.
struct CoreKind {
  std::uint32_t cores = 0;
  std::uint32_t pus = 0;
  std::optional<std::uint32_t> base_mhz;  ///< nominal clock; never a guest's TSC estimate
  ClockSource base_source = ClockSource::kUnknown;
  std::optional<std::uint32_t> max_mhz;
  CoreType type = CoreType::kUnknown;  ///< of hybrid CPUs; unknown where all cores are alike
  bool operator==(const CoreKind&) const = default;
  auto operator<=>(const CoreKind&) const = default;
};

struct CpuShape {
  Architecture architecture = Architecture::kUnknown;
  std::string vendor;    ///< as the CPU says it ("GenuineIntel", "AuthenticAMD", "HiSilicon"); empty = unknown
  std::string model;     ///< marketing name, trimmed, single spaces; empty = unknown
  std::string identity;  ///< what the chip table matches: x86 "family-model-stepping" decimal ("6-85-7"); arm "0x48-0xd01-0x1"
                         ///< (implementer-part-variant); ppc PVR "0x004e"; loongarch PRID "0x14c0";
                         ///< riscv "mvendorid-marchid" in hex, else its device tree's word ("thead,c920"); empty = unknown
  std::optional<std::uint32_t> packages, dies, cores, pus, numa_nodes;  ///< present, not only allowed to us
  std::vector<CoreKind> core_kinds;                                     ///< [kind], most cores first
  std::vector<std::string> isa;  ///< lower-case words of the known list only, sorted ("amx_tile", "avx2", "avx512f", "sve")
  bool operator==(const CpuShape&) const = default;
};

struct AcceleratorShape {
  AcceleratorKind kind = AcceleratorKind::kUnknown;
  std::uint16_t vendor_id = 0, device_id = 0;  ///< PCI ids
  std::uint16_t subsystem_vendor_id = 0, subsystem_device_id = 0;
  std::optional<std::uint64_t> memory_bytes;  ///< of the card, all its dies together
  std::uint32_t count = 1;                    ///< cards
  std::uint32_t dies = 1;  ///< PCI devices that one card shows as (two of an MI250X): parts of it, never counted beside it
  std::string name{};      ///< as its driver says it; tells products apart that share one PCI id; empty = no driver has said it
  bool operator==(const AcceleratorShape&) const = default;
  /// `count` last: rows that differ in nothing else are neighbours.
  auto operator<=>(const AcceleratorShape& other) const {
    const auto key = [](const AcceleratorShape& row) {
      return std::tie(row.kind, row.vendor_id, row.device_id, row.subsystem_vendor_id, row.subsystem_device_id, row.memory_bytes, row.name,
                      row.dies, row.count);
    };
    return key(*this) <=> key(other);
  }
};

struct NicShape {
  NicType type = NicType::kUnknown;
  std::uint16_t vendor_id = 0, device_id = 0;
  std::optional<std::uint32_t> speed_mbps;  ///< highest the port can do, not what it does now
  bool rdma = false;
  std::uint32_t count = 1;
  bool operator==(const NicShape&) const = default;
  auto operator<=>(const NicShape&) const = default;
};

struct DiskShape {
  Media media = Media::kUnknown;
  std::string model;  ///< empty = unknown
  std::optional<std::uint64_t> bytes;
  std::uint32_t count = 1;
  bool operator==(const DiskShape&) const = default;
  auto operator<=>(const DiskShape&) const = default;
};

/// What equal servers share. See design: no addresses, serials, device names, link state, OS, kernel, drivers.
struct Shape {
  CpuShape cpu;
  std::optional<std::uint64_t> memory_bytes;   ///< online blocks x block size, else MemTotal rounded up to 1/64 of its power of two
  std::vector<AcceleratorShape> accelerators;  ///< sorted, equal ones merged into count
  std::vector<NicShape> nics;                  ///< sorted, merged
  std::vector<DiskShape> disks;                ///< sorted, merged
  bool operator==(const Shape&) const = default;
};

/// What a probe could not read: which probe, and the place with the reason. For people; shown with the node.
struct Problem {
  std::string probe;
  std::string what;
  bool operator==(const Problem&) const = default;
};

/// Scalar readings of one tick. Heartbeats carry the ones that moved, usage carries all that are known.
struct Readings {
  std::optional<std::uint32_t> cpu_busy_millicores;  ///< busy core-time over the interval, 1000 = one PU wholly busy
  std::optional<std::uint32_t> memory_used_mib;      ///< MemTotal - MemAvailable
  std::optional<std::uint32_t> storage_used_mb;      ///< local file systems on physical disks, 10^6 bytes, each counted once
  std::optional<std::uint32_t> storage_read_kbs;     ///< 10^3 bytes a second over the interval, physical disks
  std::optional<std::uint32_t> storage_write_kbs;
  std::optional<std::uint32_t> network_receive_kbps;  ///< 10^3 bits a second over the interval, physical NICs
  std::optional<std::uint32_t> network_transmit_kbps;
  std::optional<std::uint32_t> power_watts;  ///< CPU packages (RAPL, mean over the interval), else the server's meter, else its processors'
  bool operator==(const Readings&) const = default;
};

/// One accelerator's use, by PCI address. With no driver `used` is absent.
struct AcceleratorUse {
  std::string pci_address;  ///< "0000:17:00.0"
  std::optional<bool> used;
  std::optional<std::uint32_t> memory_used_mib;
  std::optional<std::uint32_t> busy_permille;
  std::optional<bool> healthy;
  std::optional<std::uint32_t> power_watts{};  ///< drawn now
  std::optional<std::uint32_t>
      partitions{};  ///< it is cut into so many (MIG, compute partitions); 0 = it is whole. Their use is in its own
  std::optional<std::uint32_t> temperature_celsius{};
  bool operator==(const AcceleratorUse&) const = default;
};

/// The driver of some of a machine's accelerators. Empty text = not told.
struct AcceleratorDriver {
  std::string name;  ///< the interface it is read by: "nvml", "amdgpu"
  std::string version, cuda_version;
  bool operator==(const AcceleratorDriver&) const = default;
};

/// What a benchmark of this machine sustained. Never mixed with nominal peaks; a test that did not run is absent, `conditions` says why.
struct Measured {
  std::uint64_t at_unix_s = 0;  ///< when, by the machine's own clock; never 0
  std::uint32_t seconds = 0;    ///< each test ran at most so long
  std::uint32_t threads = 0;
  std::optional<std::uint64_t> fp64_gemm_mflops, fp32_gemm_mflops;
  std::optional<std::uint64_t> memory_mbs, disk_read_mbs;  ///< 10^6 bytes a second
  std::vector<std::string> conditions;                     ///< limits it ran under, libraries, what was skipped and why
  bool operator==(const Measured&) const = default;
};

/// A file system other machines mount too: the same `source` on two nodes is one and the same. Unknown sizes are absent.
struct SharedFileSystem {
  std::string source;                             ///< as mounted: "server:/export", "//server/share", "mgs@tcp:/lustre"
  std::string type;                               ///< "nfs4", "lustre", "fuse.sshfs"
  std::optional<std::uint64_t> size_mb, used_mb;  ///< 10^6 bytes
  bool operator==(const SharedFileSystem&) const = default;
};

/// How fast a device takes bytes in and gives them out, each a coarse_rate() code (see common/coarse_rate.hpp).
struct DeviceTraffic {
  std::uint8_t in = 255, out = 255;
  bool operator==(const DeviceTraffic&) const = default;
};

/// What is taken now.
struct Usage {
  Readings readings;
  std::optional<std::uint32_t> cpu_steal_millicores{};  ///< core-time over the interval that the hypervisor gave to others
  std::optional<std::uint32_t> load_centi{};            ///< load average of the last minute x 100, as the kernel says it
  std::vector<DeviceTraffic> disk_traffic{};            ///< [hello's disk_names] 10^3 bytes a second; in = written, out = read
  std::vector<DeviceTraffic> nic_traffic{};             ///< [hello's nic_names] 10^3 bits a second; in = received, out = transmitted
  std::vector<AcceleratorUse> accelerators{};           ///< [device], ordered by pci_address
  std::vector<SharedFileSystem> file_systems{};         ///< [source], ascending, each once
  std::vector<Problem> problems{};                      ///< what the tick's probes could not read
  bool operator==(const Usage&) const = default;
};

}  // namespace capmap
