// What firmware and processor tell, as bytes: the first byte chooses SMBIOS table, CPUID answers or eMMC's wear, the rest is what is told.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "agent/probe/cpuid_text.hpp"
#include "agent/probe/disk_health.hpp"
#include "agent/probe/smbios.hpp"
#include "common/check.hpp"

using namespace capmap;

namespace {

void read_table(std::string_view table) {
  static_cast<void>(without_secrets(table).size());
  const auto read = parse_smbios(table);
  if (!read) {
    check(read.error().code == ErrorCode::kMalformed && !read.error().what.empty(), "a table was refused without a reason");
    return;
  }
  const Smbios& smbios = read->value;
  check(smbios.processors.size() <= smbios.sockets && smbios.modules.size() <= smbios.slots, "more is filled than there is");
  check((smbios.sockets + smbios.slots) * std::size_t{4} <= table.size(), "more structures than bytes for them");
  check(smbios.manufacturer.size() <= 64 && smbios.product.size() <= 64, "a text beyond its bound");
  for (const auto& one : smbios.processors)
    check(!one.max_mhz || (*one.max_mhz > 0 && *one.max_mhz <= 20'000), "a clock that no processor has");
  for (const auto& one : smbios.modules)
    check(!one.bytes || (*one.bytes > 0 && *one.bytes <= std::uint64_t{1} << 44), "a module that none is");
  const auto bytes = smbios.installed_bytes();
  check(!bytes || *bytes > 0, "memory of no bytes");
  check(read->problems.size() <= table.size() / 4 + 1, "more problems than structures");
}

void read_answers(std::string_view bytes) {
  CpuidLeaves leaves;
  for (; bytes.size() >= 24; bytes.remove_prefix(24)) {
    std::uint32_t words[6];
    std::memcpy(words, bytes.data(), sizeof words);
    leaves.answers[{words[0], words[1]}] = {.eax = words[2], .ebx = words[3], .ecx = words[4], .edx = words[5]};
  }
  if (bytes.size() >= 8) {
    std::uint64_t kept = 0;
    std::memcpy(&kept, bytes.data(), sizeof kept);
    leaves.kept_registers = kept;
  }
  const CpuidText told = parse_cpuid(leaves);
  check(told.cpu.vendor.size() <= 12 && told.cpu.model.size() <= 48, "a name longer than its registers");
  check(std::is_sorted(told.cpu.isa.begin(), told.cpu.isa.end()), "words of the ISA are not sorted");
  check(!told.base_mhz || (*told.base_mhz > 0 && *told.base_mhz <= 20'000), "a clock that no processor has");
  check(told.hypervisor.empty() == (told.cpu.guest != true), "a hypervisor of no guest, or a guest of none");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 3 == 0) read_table(bytes);
  if (data[0] % 3 == 1) read_answers(bytes);
  if (data[0] % 3 == 2) {
    const auto percent = parse_emmc_life(bytes);
    check(!percent || (*percent >= 10 && *percent <= 110), "wear that no chip tells");
  }
  return 0;
}
