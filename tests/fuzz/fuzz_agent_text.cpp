// Texts of the kernel into the agent's parsers of each tick: the first byte chooses the parser, the rest is the text. Parsers that compare
// two readings get what stands before and behind the first zero byte.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/file_systems.hpp"
#include "agent/mountinfo.hpp"
#include "agent/probe/bench_limits.hpp"
#include "agent/probe_cpu.hpp"
#include "agent/probe_energy.hpp"
#include "agent/probe_memory.hpp"
#include "agent/probe_network.hpp"
#include "agent/probe_storage.hpp"
#include "tests/fuzz/input_folder.hpp"

using namespace capmap;

namespace {

constexpr std::uint64_t kElapsedMs = 10'000;

template <class T>
bool read_well(const Result<T>& result) {
  if (!result) check(result.error().code == ErrorCode::kMalformed && !result.error().what.empty(), "refused without a reason");
  return result.ok();
}

void read_stat(std::string_view first, std::string_view second) {
  const auto before = parse_cpu(first), after = parse_cpu(second);
  if (!read_well(before) || !read_well(after)) return;
  const auto use = cpu_use(*before, *after, kElapsedMs, 100);
  const std::uint64_t most = std::uint64_t{1'000} * std::max(before->pus, after->pus);
  check(!use.busy_millicores || *use.busy_millicores <= most, "more processors are busy than there are");
  check(!use.steal_millicores || *use.steal_millicores <= most, "more is stolen than there is");
}

void read_meminfo(std::string_view text) {
  const auto memory = parse_memory(text);
  if (!read_well(memory)) return;
  check(memory->total_bytes > 0, "memory of no bytes");
  check(!memory->available_bytes || *memory->available_bytes <= memory->total_bytes, "more is available than there is");
  memory_used_mib(*memory);
}

/// Counters of devices: only of those that were asked for, each once.
template <class Parse>
void read_counters(std::string_view first, std::string_view second, const std::vector<std::string>& wanted, Parse parse) {
  const auto before = parse(first, wanted), after = parse(second, wanted);
  if (!read_well(before) || !read_well(after)) return;
  for (std::size_t i = 0; i < after->size(); ++i) {
    const auto& name = (*after)[i].name;
    check(std::find(wanted.begin(), wanted.end(), name) != wanted.end(), "a device that nobody asked for");
  }
  const auto traffic = traffic_between(*before, *after, 512, kElapsedMs, wanted);
  check(traffic.devices.size() == wanted.size(), "not each device has its traffic");
}

void read_number(std::string_view first, std::string_view second) {
  const auto before = parse_counter(first, "sys/energy_uj"), after = parse_counter(second, "sys/energy_uj");
  if (!read_well(before) || !read_well(after)) return;
  const auto grown = energy_growth(*before, *after, *before, kElapsedMs);
  check(!grown || *grown > 0, "a processor that takes nothing");
  const auto watts = mean_watts(grown.value_or(*after), kElapsedMs);
  check(!watts || *watts <= 65'535, "a server that takes more than any does");
}

void read_mounts(std::string_view text) {
  const auto lines = parse_mountinfo(text);
  check(lines.size() <= 16'384, "more lines than are looked at");
  for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 64); ++i) {
    below_hanging(lines[i].point, lines);
    check(unescaped_mount_text(lines[i].source).size() <= lines[i].source.size(), "a longer name than was written");
  }
  const auto shared = shared_mounts(text);
  check(shared.size() <= 64, "more shared file systems than are told");
  for (std::size_t i = 1; i < shared.size(); ++i) check(shared[i - 1].source < shared[i].source, "sources are not ascending");
  for (const auto& system : parse_mounts(text)) check(!system.mount_points.empty(), "a file system that is mounted nowhere");
}

void read_cgroups(std::string_view text) {
  check(parse_cgroup_path(text, "").size() <= text.size(), "a longer path than the text");
  check(parse_cgroup_path(text, "memory").size() <= text.size(), "a longer path than the text");
  const auto limit = parse_cpu_max(text);
  if (read_well(limit)) check(!*limit || **limit > 0, "a limit of nothing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = fuzz::text_of(data + 1, size - 1);
  const auto zero = text.find('\0');
  const auto first = text.substr(0, zero), second = zero == std::string_view::npos ? text : text.substr(zero + 1);
  switch (data[0] % 8) {
    case 0: read_stat(first, second); break;
    case 1: read_well(parse_load(text)); break;
    case 2: read_meminfo(text); break;
    case 3: read_counters(first, second, {"nvme0n1", "sda", "vda"}, parse_disks); break;
    case 4: read_counters(first, second, {"eth0", "ib0"}, parse_network); break;
    case 5: read_number(first, second); break;
    case 6: read_mounts(text); break;
    default: read_cgroups(text); break;
  }
  return 0;
}
