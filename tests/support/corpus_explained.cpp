#include "tests/support/score.hpp"

namespace capmap::support {

namespace {

constexpr const char* kAllowed = "theirs counts what the capture's cgroup allows; cpu/present and node/online list all";
constexpr const char* kMentions = "the expected text names each node again in its table of memory attributes; node/online lists ours";
constexpr const char* kOtherMachine = "the archive holds three machines, and the reading is of the one called desktop";
constexpr const char* kOtherFile = "two files have this name, and the answer is of the other one";
constexpr const char* kGpuMemory = "nodes 252 to 255 have no processor and are the memory of the four V100";
constexpr const char* kThreads = "libvirt counts the threads that KVM wakes on POWER8; cpu/online lists one a core";
constexpr const char* kCapacity =
    "lscpu multiplies the largest of each level: 3 sockets of 8 in a book; cpu/online lists 8 PUs, each a core";
constexpr const char* kNotOurs = "an architecture no agent is built for: the name is left out";
constexpr const char* kCudaSawOne = "CUDA opened one of three 10de:1094, which are of class 0302 all three";
constexpr const char* kInside = "8086 at the root bus, class 0380: graphics inside the processor or chipset";
constexpr const char* kHole =
    "the capture lacks cpu/online, which a kernel always has, and cpu2 has no topology: what follows is not counted";
constexpr const char* kManaged = "driver cdc_ether or rndis_host: the link of a management controller or phone, not a network port";

}  // namespace

const std::vector<Explained>& explained_differences() {
  static const std::vector<Explained> list = {
      {"32amd64-4s2n4c-cgroup2", "packages", true, kAllowed},
      {"32amd64-4s2n4c-cgroup2", "cores", true, kAllowed},
      {"32amd64-4s2n4c-cgroup2", "pus", true, kAllowed},
      {"32amd64-4s2n4c-cgroup2", "numa_nodes", true, kAllowed},
      {"32amd64-4s2n4c-cgroup2", "l1d_bytes", true, kAllowed},
      {"32amd64-4s2n4c-cgroup2", "l1i_bytes", true, kAllowed},
      {"32amd64-4s2n4c-cgroup2", "l2_bytes", true, kAllowed},
      {"32amd64-4s2n4c-cgroup2", "l3_bytes", true, kAllowed},
      {"32amd64-4s2n4c-cgroup2", "memory_bytes", true, kAllowed},
      {"4fake-4gr1nu1pu", "pus", true, kAllowed},
      {"4fake-4gr1nu1pu", "numa_nodes", true, kAllowed},
      {"4fake-4gr1nu1pu", "memory_bytes", true, kAllowed},
      {"64intel64-fakeKNL-SNC4-hybrid", "numa_nodes", true, kMentions},
      {"fakeheteromemtiers", "numa_nodes", true, kMentions},
      {"fakememinitiators-1np2c+1npp+gi", "numa_nodes", true, kMentions},
      {"128ia64-17n4s2c", "cpu_model", false, kNotOurs},
      {"16ia64-8n2s", "cpu_model", false, kNotOurs},
      {"2arm-2c", "cpu_model", false, kNotOurs},
      {"nri/cmd-plugins-sysfs/4-socket-server-nosnc", "packages", true, kOtherMachine},
      {"nri/cmd-plugins-sysfs/4-socket-server-nosnc", "cores", true, kOtherMachine},
      {"nri/cmd-plugins-sysfs/4-socket-server-nosnc", "pus", true, kOtherMachine},
      {"nri/cmd-plugins-sysfs/4-socket-server-nosnc", "numa_nodes", true, kOtherMachine},
      {"nri/cmd-plugins-sysfs/4-socket-server-nosnc", "memory_bytes", true, kOtherMachine},
      {"nri/cmd-plugins-sysfs/server", "packages", true, kOtherMachine},
      {"nri/cmd-plugins-sysfs/server", "cores", true, kOtherMachine},
      {"nri/cmd-plugins-sysfs/server", "pus", true, kOtherMachine},
      {"nri/cmd-plugins-sysfs/server", "numa_nodes", true, kOtherMachine},
      {"nri/cmd-plugins-sysfs/server", "memory_bytes", true, kOtherMachine},
      {"nonodesets.v1tov2.xml", "numa_nodes", true, "the XML is of a machine without NUMA, which has one node"},
      {"nonodesets.v1.xml", "numa_nodes", true, "the XML is of a machine without NUMA, which has one node"},
      {"xml-site/chimera/chimera.xml", "numa_nodes", false, "nodes 1 and 3 have processors and no memory: hwloc 2 drops them"},
      {"s390-lpar-drawer", "packages", true, kCapacity},
      {"s390-lpar-drawer", "cores", true, kCapacity},
      {"s390-lpar-drawer", "l3_bytes", false, "told in proc/cpuinfo alone, without how many there are"},
      {"s390-nested-virt", "l3_bytes", false, "told in proc/cpuinfo alone, without how many there are"},
      {"linux-x86_64-test3", "packages", true,
       "libvirt counts a package once in each of its NUMA nodes; physical_package_id goes from 0 to 3"},
      {"linux-x86_64-test3", "cores", false, "the capture has no lists of siblings, and core_id repeats: unknown here"},
      {"linux-ppc64-subcores1", "pus", true, kThreads},
      {"linux-ppc64-subcores1", "pus_offline", true, kThreads},
      {"linux-ppc64-subcores2", "pus", true, kThreads},
      {"linux-ppc64-subcores2", "pus_offline", true, kThreads},
      {"linux-ppc64-subcores2", "cores", true, "libvirt counts cores whose threads are all offline"},
      {"linux-ppc64-subcores3", "cores", true, "libvirt counts cores whose threads are all offline"},
      {"linux-ppc64-deconf-cpus", "pus", true, kThreads},
      {"linux-ppc64-deconf-cpus", "pus_offline", true, kThreads},
      {"/Graphics Device", "accelerator_model", true, "10de:2184 is a GTX 1660, which the driver of that day had no name for"},
      {"/NVIDIA A10G", "accelerator_model", true, "the capture's ids were overwritten: device 0000 of vendor 00DE is nobody's"},
      {"procfs/mlx5_0/1", "nic_mbps", false, "phys_state is \"4: ACTIVE\" there, which no kernel writes; the link does not count as up"},
      {"cadvisor/testdata_graviton2", "cores", false, kHole},
      {"cadvisor/testdata_graviton2", "pus", false, kHole},
      {"udev/DISK_SAMSUNG_KIOXIA", "nics", true, kManaged},
      {"udev/DELL_VOSTRO_270", "accelerators", true, kInside},
      {"udev/HP_PRO2110", "accelerators", true, kInside},
      {"udev/RNDIS", "nics", true, kManaged},
      {"udev/REALTEK_CARD_READER_AND_NVME", "accelerators", true,
       "1002:6820 is a Venus XTX card of its own beside the processor's graphics"},
      {"gtx-1660-ti.xml/Graphics Device", "accelerator_model", true, "a driver older than its card calls every such card that"},
      {"32em64t-2n8c2t-pci-normalio.xml", "accelerators", true, kCudaSawOne},
      {"32em64t-2n8c2t-pci-wholeio.xml", "accelerators", true, kCudaSawOne},
  };
  static const std::vector<Explained> complete = [] {
    std::vector<Explained> all = list;
    for (const char* unit : {"butte/coral-butte-hwloc1.xml", "rzansel/coral-rzansel-hwloc1.xml", "butte/0.xml", "butte/1.xml",
                             "butte/2.xml", "butte/3.xml", "sierra/0.xml", "sierra/1.xml", "sierra/2.xml", "sierra/3.xml", "sierra2/0.xml",
                             "sierra2/1.xml", "sierra2/2.xml", "sierra2/3.xml"}) {
      all.push_back({unit, "numa_nodes", true, kGpuMemory});
    }
    for (const char* unit : {"04-brokers/0.xml", "04-brokers/1.xml", "04-brokers/2.xml", "04-brokers/3.xml"}) {
      for (const char* field : {"packages", "cores", "pus", "numa_nodes"}) all.push_back({unit, field, true, kOtherFile});
    }
    return all;
  }();
  return complete;
}

}  // namespace capmap::support
