// A whole machine's files below a folder into all that reads them: the look at the hardware, the probes of a tick, the limits of a
// benchmark, the signs of change, and a capture.
#include <cstddef>
#include <cstdint>

#include "agent/hardware_signs.hpp"
#include "agent/probe/bench_limits.hpp"
#include "agent/probe/capture_files.hpp"
#include "agent/probe_cpu.hpp"
#include "agent/probe_energy.hpp"
#include "agent/probe_memory.hpp"
#include "agent/probe_network.hpp"
#include "agent/probe_storage.hpp"
#include "tests/fuzz/input_folder.hpp"
#include "tests/fuzz/machine_laws.hpp"

using namespace capmap;

namespace {

template <class T>
void expect_reason(const Result<T>& result) {
  if (!result) check(!result.error().what.empty(), "refused without a reason");
}

void read_ticks(const HostRoot& root) {
  CpuMemory cpu;
  NetworkMemory network;
  StorageMemory storage;
  EnergyMemory energy;
  KeptFile meminfo("proc/meminfo");
  for (const std::uint64_t now_ms : {1'000ULL, 11'000ULL}) {
    expect_reason(read_cpu(root, cpu, now_ms));
    expect_reason(read_memory(root, meminfo));
    expect_reason(read_network(root, network, now_ms));
    expect_reason(read_disk_traffic(root, storage, now_ms));
    expect_reason(read_power(root, energy, now_ms));
  }
  expect_reason(read_storage_used(root, storage));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::InputFolder folder(fuzz::text_of(data, size));
  const HostRoot root(folder.path());
  HostReads reads;
  const auto machine =
      read_machine({.root = folder.path(), .hwloc_xml = {}, .known_devices = folder.path() + "/known", .reads = &reads}, &fuzz::chips());
  expect_reason(machine);
  if (machine) fuzz::check_machine(*machine);
  read_ticks(root);
  check(read_bench_limits(root).threads() >= 1, "a machine without a thread");
  HardwareSigns signs;
  signs.changed(root, 1'000);
  check(!signs.changed(root, 1'000 + kSignsEveryMs), "what did not change has changed");
  for (const auto& [path, entry] : collect_files(root, reads)) check(!path.starts_with('/'), "a captured path is not below the root");
  return 0;
}
