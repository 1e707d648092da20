#include "agent/metrics_text.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "agent/fields.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

/// Writes OpenMetrics line by line.
class Page {
 public:
  void family(const char* name, const char* type, const char* unit, const char* help) {
    out_ += std::string("# TYPE ") + name + " " + type + "\n";
    if (*unit != '\0') out_ += std::string("# UNIT ") + name + " " + unit + "\n";
    out_ += std::string("# HELP ") + name + " " + help + "\n";
  }
  void sample(const std::string& name, double value) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), " %.15g\n", value);
    out_ += name + text.data();
  }
  void gauge(const char* name, const char* unit, const char* help, double value) {
    family(name, "gauge", unit, help);
    sample(name, value);
  }
  void counter(const char* name, const char* unit, const char* help, double value) {
    family(name, "counter", unit, help);
    sample(std::string(name) + "_total", value);
  }
  std::string end() { return std::move(out_) + "# EOF\n"; }

 private:
  std::string out_;
};

double seconds(std::uint64_t ms) {
  return static_cast<double>(ms) / 1e3;
}

std::uint64_t since(std::uint64_t now_ms, std::uint64_t then_ms) {
  return now_ms - std::min(now_ms, then_ms);
}

void add_tick(Page& page, const TickReport& report, std::uint64_t now_ms) {
  page.family("capmap_agent_build", "info", "", "Version of this agent.");
  page.sample("capmap_agent_build_info{version=\"" + report.version + "\"}", 1);
  page.gauge("capmap_agent_uptime_seconds", "seconds", "Time since this agent started.", seconds(since(now_ms, report.started_boot_ms)));
  page.counter("capmap_agent_ticks", "", "Readings of use that were taken.", static_cast<double>(report.ticks));
  page.gauge("capmap_agent_tick_age_seconds", "seconds", "Age of the newest reading.", seconds(since(now_ms, report.at_boot_ms)));
  page.gauge("capmap_agent_tick_duration_seconds", "seconds", "How long it took.", seconds(report.took_ms));
  page.gauge("capmap_agent_interval_seconds", "seconds", "Time between two readings, as the controller wants it.",
             seconds(report.interval_ms));
  page.gauge("capmap_agent_problems", "", "Problem lines in the newest reading.", static_cast<double>(report.problems));
  page.gauge("capmap_agent_shape_known", "", "1 when what this server has was told to the controller, else 0.", report.shape_known ? 1 : 0);
  page.family("capmap_agent_probe_success", "gauge", "", "1 when the probe read what it is there for, else 0: the log says why.");
  for (const auto& probe : report.probes) {
    page.sample(std::string("capmap_agent_probe_success{probe=\"") + probe.name + "\"}", probe.success ? 1 : 0);
  }
  page.family("capmap_agent_probe_duration_seconds", "gauge", "seconds", "How long the probe took in the newest reading.");
  for (const auto& probe : report.probes) {
    page.sample(std::string("capmap_agent_probe_duration_seconds{probe=\"") + probe.name + "\"}", static_cast<double>(probe.took_us) / 1e6);
  }
}

void add_link(Page& page, const LinkCounts& link, std::uint64_t now_ms) {
  const auto count = [](const std::atomic<std::uint64_t>& value) { return static_cast<double>(value.load(std::memory_order_relaxed)); };
  page.gauge("capmap_agent_link_up", "", "1 while the link to the controller is there, else 0.", link.up.load() ? 1 : 0);
  page.counter("capmap_agent_link_opens", "", "Links that were begun.", count(link.links));
  page.counter("capmap_agent_messages", "", "Messages handed to the network.", count(link.messages));
  page.counter("capmap_agent_message_bytes", "bytes", "Their payload.", count(link.bytes));
  page.counter("capmap_agent_acks", "", "Acks that came.", count(link.acks));
  if (const auto at = link.ack_boot_ms.load(std::memory_order_relaxed); at != 0) {
    page.gauge("capmap_agent_ack_age_seconds", "seconds", "Time since the newest ack.", seconds(since(now_ms, at)));
  }
}

/// Fields 14, 15 (ticks of user and system) and 24 (pages) of proc(5)'s stat.
void add_process(Page& page) {
  const auto stat = HostRoot("/").read("proc/self/stat");
  const auto name_end = stat ? stat->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return;
  std::string_view rest = std::string_view(*stat).substr(name_end + 1);
  std::array<std::uint64_t, 25> fields{};
  for (std::size_t number = 3; number < fields.size(); ++number) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    fields[number] = to_number(take_until(rest, ' ')).value_or(0);
  }
  page.counter("process_cpu_seconds", "seconds", "CPU time of this process, its children left out.",
               static_cast<double>(fields[14] + fields[15]) / static_cast<double>(sysconf(_SC_CLK_TCK)));
  page.gauge("process_resident_memory_bytes", "bytes", "Memory of this process that is in RAM.",
             static_cast<double>(fields[24]) * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

}  // namespace

std::string agent_metrics_text(const TickReport* report, const LinkCounts& link, const MetricsCounts& own, std::uint64_t now_boot_ms) {
  Page page;
  if (report != nullptr) add_tick(page, *report, now_boot_ms);
  add_link(page, link, now_boot_ms);
  page.counter("capmap_agent_metrics_requests", "", "Requests for this page that were answered, refused ones too.",
               static_cast<double>(own.answered));
  page.counter("capmap_agent_metrics_cut", "", "Connections ended before they had asked or read.", static_cast<double>(own.cut));
  add_process(page);
  return page.end();
}

}  // namespace capmap
