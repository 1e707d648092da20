// Files of accelerator drivers (amdgpu with KFD, i915, xe, habanalabs) below a folder, into what reads them without a vendor's library.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "agent/probe/devices/device_backend.hpp"
#include "common/clock.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

void check_memory(const std::optional<std::uint64_t>& total, const std::optional<std::uint64_t>& used) {
  check(!total || (*total > 0 && *total <= std::uint64_t{1} << 56), "memory that no card has");
  check(!used || (total && *used <= *total), "more memory is used than there is");
}

void check_reading(const DeviceReading& reading) {
  check_memory(reading.memory_total_bytes, reading.memory_used_bytes);
  for (const auto& part : reading.partitions) check_memory(part.memory_total_bytes, part.memory_used_bytes);
  check(!reading.busy_permille || *reading.busy_permille <= 1'000, "busier than wholly");
  check(!reading.power_milliwatts || *reading.power_milliwatts <= 20'000'000, "power that no card takes");
  check(!reading.temperature_celsius || *reading.temperature_celsius <= 200, "hotter than any card");
  check(!reading.core_mhz || *reading.core_mhz <= 20'000, "a clock that no card has");
  check(reading.partitions.size() <= 1'024 + 16 && reading.failures.size() <= 4'096, "more parts or failures than are told");
  for (const auto& failure : reading.failures) check(!failure.empty(), "a failure without a reason");
}

void read_all(DeviceBackend& backend, ManualClock& clock) {
  if (!backend.open()) return;
  const auto list = backend.list();
  if (!list) return;
  check(list->pci_addresses.size() <= 512, "more devices than are read");
  for (int look = 0; look < 2; ++look, clock.advance_ms(1'000)) {
    std::size_t most = 16;
    for (const auto& address : list->pci_addresses) {
      if (most-- > 0) check_reading(backend.read(address));
    }
  }
  backend.close();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::InputFolder folder(fuzz::text_of(data, size));
  const HostRoot root(folder.path());
  ManualClock clock;
  for (const auto& backend : {make_amd_backend(root), make_intel_backend(root, clock), make_habana_backend(root)}) {
    read_all(*backend, clock);
  }
  return 0;
}
