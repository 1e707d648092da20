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

/// Ticks of the line "cpu …"; empty when it lacks one of the seven that every kernel has. Steal is the eighth.
std::optional<CpuCounters> parse_line(std::string_view line) {
  CpuCounters counters;
  for (const bool counts : kBusy) {
    const auto ticks = to_number(take_word(line));
    if (!ticks) return std::nullopt;
    if (counts) counters.busy_ticks += *ticks;
  }
  counters.steal_ticks = to_number(take_word(line));
  return counters;
}

std::optional<std::uint32_t> millicores(std::optional<std::uint64_t> grown, std::uint32_t pus, std::uint64_t elapsed_ms,
                                        std::uint64_t ticks_per_s) {
  if (!grown || ticks_per_s == 0) return std::nullopt;
  const auto rate = rate_of(*grown, 1'000 * kMillicoresAPu / ticks_per_s, elapsed_ms);
  if (!rate) return std::nullopt;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(*rate, pus * kMillicoresAPu));
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
    const auto ticks = parse_line(line);
    if (!ticks) break;
    counters = *ticks;
    found = true;
  }
  if (!found || counters.pus == 0) return Error{ErrorCode::kMalformed, "proc/stat: no cpu lines with seven numbers"};
  return counters;
}

CpuUse cpu_use(const CpuCounters& before, const CpuCounters& after, std::uint64_t elapsed_ms, std::uint64_t ticks_per_s) {
  const auto pus = std::max(before.pus, after.pus);
  CpuUse use;
  use.busy_millicores = millicores(growth(before.busy_ticks, after.busy_ticks), pus, elapsed_ms, ticks_per_s);
  if (before.steal_ticks && after.steal_ticks) {
    use.steal_millicores = millicores(growth(*before.steal_ticks, *after.steal_ticks), pus, elapsed_ms, ticks_per_s);
  }
  return use;
}

Result<std::uint32_t> parse_load(std::string_view text) {
  auto word = take_word(text);
  const auto whole = to_number(take_until(word, '.')), hundredths = to_number(word);
  if (!whole || !hundredths || word.size() != 2 || *whole > 1'000'000) {
    return Error{ErrorCode::kMalformed, "proc/loadavg: does not begin with a number of two decimals"};
  }
  return static_cast<std::uint32_t>(*whole * 100 + *hundredths);
}

Result<CpuUse> read_cpu(const HostRoot& root, CpuMemory& memory, std::uint64_t now_ms) {
  const auto text = memory.file.read(root);
  if (!text) return text.error();
  const auto now = parse_cpu(*text);
  if (!now) return now.error();
  CpuUse use;
  if (memory.before) {
    const auto ticks_per_s = static_cast<std::uint64_t>(std::max(0L, sysconf(_SC_CLK_TCK)));
    use = cpu_use(*memory.before, *now, now_ms - memory.before_ms, ticks_per_s);
  }
  memory.before = *now;
  memory.before_ms = now_ms;
  const auto load_text = memory.load_file.read(root);
  const auto load = load_text ? parse_load(*load_text) : Result<std::uint32_t>(load_text.error());
  if (load) use.load_centi = *load;
  return use;
}

}  // namespace capmap
