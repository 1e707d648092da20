#include "agent/probe_cpu.hpp"

#include <unistd.h>

#include <algorithm>

#include "agent/fields.hpp"
#include "agent/rate.hpp"

namespace capmap {
namespace {

constexpr int kFields = 7;  // user nice system idle iowait irq softirq
constexpr bool kBusy[kFields] = {true, true, true, false, false, true, true};
constexpr std::uint64_t kMillicoresAPu = 1'000;

std::optional<std::uint64_t> busy_ticks(std::string_view line) {
  std::uint64_t busy = 0;
  for (const bool counts : kBusy) {
    const auto ticks = to_number(take_word(line));
    if (!ticks) return std::nullopt;
    if (counts) busy += *ticks;
  }
  return busy;
}

}  // namespace

Result<CpuCounters> parse_cpu(std::string_view text) {
  CpuCounters counters;
  bool found = false;
  while (text.starts_with("cpu")) {
    auto line = take_line(text);
    const auto name = take_word(line);
    if (name != "cpu") {
      ++counters.pus;
      continue;
    }
    const auto busy = busy_ticks(line);
    if (!busy) break;
    counters.busy_ticks = *busy;
    found = true;
  }
  if (!found || counters.pus == 0) return Error{ErrorCode::kMalformed, "proc/stat: no cpu lines with seven numbers"};
  return counters;
}

std::optional<std::uint32_t> cpu_busy_millicores(const CpuCounters& before, const CpuCounters& after, std::uint64_t elapsed_ms,
                                                 std::uint64_t ticks_per_s) {
  const auto grown = growth(before.busy_ticks, after.busy_ticks);
  if (!grown || ticks_per_s == 0) return std::nullopt;
  const auto busy = rate_of(*grown, 1'000 * kMillicoresAPu / ticks_per_s, elapsed_ms);
  if (!busy) return std::nullopt;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(*busy, std::max(before.pus, after.pus) * kMillicoresAPu));
}

Result<std::optional<std::uint32_t>> read_cpu(const HostRoot& root, CpuMemory& memory, std::uint64_t now_ms) {
  const auto text = memory.file.read(root);
  if (!text) return text.error();
  const auto now = parse_cpu(*text);
  if (!now) return now.error();
  std::optional<std::uint32_t> busy;
  if (memory.before) {
    const auto ticks_per_s = static_cast<std::uint64_t>(std::max(0L, sysconf(_SC_CLK_TCK)));
    busy = cpu_busy_millicores(*memory.before, *now, now_ms - memory.before_ms, ticks_per_s);
  }
  memory.before = *now;
  memory.before_ms = now_ms;
  return busy;
}

}  // namespace capmap
