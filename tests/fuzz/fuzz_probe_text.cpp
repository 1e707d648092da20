// Texts of a machine into the probes' parsers: the first byte chooses the parser, the rest is the text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/probe/cpu_text.hpp"
#include "agent/probe/device_look.hpp"
#include "agent/probe/hypervisor.hpp"
#include "agent/probe/platform.hpp"
#include "agent/probe/plausible.hpp"
#include "agent/probe/rdma_ports.hpp"
#include "agent/probe/shape_memory.hpp"
#include "agent/probe/shape_network.hpp"
#include "agent/probe/shape_storage.hpp"
#include "common/check.hpp"
#include "common/host_root.hpp"

using namespace capmap;

namespace {

void read_cpuinfo(std::string_view text) {
  const CpuText cpu = parse_cpuinfo(text);
  // RISC-V kernels may tell one word that says all three.
  check(cpu.vendor.size() + cpu.model.size() + cpu.identity.size() <= 3 * text.size() + 64, "more was read than there is");
  for (std::size_t i = 1; i < cpu.isa.size(); ++i) check(cpu.isa[i - 1] < cpu.isa[i], "words of the ISA are not sorted");
}

void read_clock(std::string_view text) {
  const auto mhz = clock_in_model_name(text);
  check(!mhz || (*mhz > 0 && *mhz <= kMostMhz), "a clock that no processor has");
}

void read_memory(std::string_view text) {
  const auto bytes = parse_memtotal(text);
  if (bytes) check(*bytes > 0 && *bytes % 1024 == 0, "memory that is not KiB");
  if (!bytes) check(!bytes.error().what.empty(), "refused without a reason");
}

void read_rate(std::string_view text) {
  const auto mbps = parse_infiniband_rate(text);
  check(!mbps || (*mbps > 0 && *mbps <= kMostMbps), "a rate that no port has");
}

void read_address(std::string_view text) {
  const std::string address = last_pci_address(text);
  check(address.empty() || text.find(address) != std::string_view::npos, "an address that is not in the path");
}

void read_list(std::string_view text) {
  const auto numbers = parse_kernel_list(text);
  check(!numbers || numbers->size() <= 65'536, "a list longer than its bound");
}

void read_names(std::string_view text) {
  check(parse_pretty_name(text).size() <= text.size(), "a longer name than the text");
  const auto half = text.size() / 2;
  hypervisor_of(text.substr(0, half), text.substr(half));
  is_virtual_disk_model(text.substr(0, half), text.substr(half));
}

void read_look(std::string_view text) {
  const auto first = read_device_look(std::string(text));
  if (!first) return;
  const auto page = write_device_look(*first);
  const auto second = read_device_look(page);
  check(second && write_device_look(*second) == page, "read(write(x)) is not x");
  known_of(*first);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 8) {
    case 0: read_cpuinfo(text); break;
    case 1: read_clock(text); break;
    case 2: read_memory(text); break;
    case 3: read_rate(text); break;
    case 4: read_address(text); break;
    case 5: read_list(text); break;
    case 6: read_names(text); break;
    default: read_look(text); break;
  }
  return 0;
}
