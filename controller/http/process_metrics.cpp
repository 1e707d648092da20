#include "controller/http/process_metrics.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "common/host_root.hpp"

namespace capmap {
namespace {

/// Fields of /proc/self/stat by their number in proc(5); the name in field 2 may hold blanks and brackets, so fields are counted behind it.
std::optional<std::uint64_t> stat_field(std::string_view text, std::size_t number) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 1);
  for (std::size_t field = 3; field <= number; ++field) {
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin);
    if (field < number) text.remove_prefix(std::min(text.find(' '), text.size()));
  }
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() ? std::optional(value) : std::nullopt;
}

/// When the system started, seconds since 1970: the line "btime" of /proc/stat.
std::optional<std::uint64_t> boot_unix_s(std::string_view text) {
  constexpr std::string_view kWord = "\nbtime ";
  const auto at = text.find(kWord);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data() + at + kWord.size(), text.data() + text.size(), value);
  return read.ec == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> open_descriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return std::nullopt;
  std::uint64_t count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count < 3 ? 0 : count - 3;  // ".", "..", and the folder itself
}

}  // namespace

Metrics process_metrics() {
  Metrics out;
  const auto add = [&out](const char* name, const char* help, Metric::Kind kind, std::optional<double> value) {
    if (value) out.push_back({name, help, kind, {}, *value});
  };
  using enum Metric::Kind;
  const HostRoot root("/");
  const auto stat = root.read("proc/self/stat"), system = root.read("proc/stat");
  const auto field = [&stat](std::size_t number) { return stat ? stat_field(*stat, number) : std::nullopt; };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto user = field(14), kernel = field(15), started = field(22), virtual_bytes = field(23), resident_pages = field(24);
  if (user && kernel) {
    add("process_cpu_seconds_total", "CPU time of this process.", kCounter, static_cast<double>(*user + *kernel) / ticks);
  }
  if (resident_pages) {
    add("process_resident_memory_bytes", "Memory of this process that is in RAM.", kGauge,
        static_cast<double>(*resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  if (virtual_bytes) add("process_virtual_memory_bytes", "Address space of this process.", kGauge, static_cast<double>(*virtual_bytes));
  const auto boot = system ? boot_unix_s(*system) : std::nullopt;
  if (boot && started) {
    add("process_start_time_seconds", "Start of this process, seconds since 1970.", kGauge,
        static_cast<double>(*boot) + static_cast<double>(*started) / ticks);
  }
  if (const auto open = open_descriptors()) add("process_open_fds", "Open descriptors.", kGauge, static_cast<double>(*open));
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    add("process_max_fds", "Descriptors there may be.", kGauge, static_cast<double>(limit.rlim_cur));
  }
  return out;
}

}  // namespace capmap
