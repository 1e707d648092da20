#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/measured.hpp"
#include "agent/probe/bench_run.hpp"
#include "agent/probe/commands.hpp"

namespace capmap {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kStoppedCode = 130;

std::atomic<bool> stop_wanted{false};  // what a signal handler may touch
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int /*number*/) {
  stop_wanted.store(true, std::memory_order_relaxed);
}

struct BenchOptions {
  unsigned seconds = 10;
  std::string folder = "/var/tmp";
  std::string state = "/var/lib/capmap-agent";
  bool json = false, lines = false, nice = false, report = false;
};

std::optional<BenchOptions> parse_options(const std::vector<std::string>& arguments, int& exit_code) {
  BenchOptions options;
  CLI::App app(
      "Measures this machine: multiplication of matrices, memory bandwidth, sequential reading of a file. It takes all the processors "
      "it is allowed to. Measured values stand beside nominal peaks, never in their place; nothing is sent anywhere without --report.",
      "capmap-agent benchmark");
  app.add_option("--seconds", options.seconds, "for each of the four tests")->check(CLI::Range(1, 3'600))->capture_default_str();
  app.add_option("--dir", options.folder, "where the file to be read is made; it is removed")->capture_default_str();
  app.add_flag("--json", options.json, "print JSON instead of text");
  app.add_flag("--lines", options.lines, "print the few figures that a controller gets, as key=value lines");
  app.add_flag("--nice", options.nice, "let other programs go first");
  app.add_flag("--report", options.report, "leave the figures where the agent finds them at its next look at the hardware, or at SIGHUP");
  app.add_option("--state", options.state, "state folder of the agent, for --report")->capture_default_str();
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    return std::nullopt;
  }
  return options;
}

void say(const std::string& what) {
  if (isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "\r\033[K%s", what.c_str());
}

/// On a terminal, says what runs and the share of its time that is over, until it goes. Nothing elsewhere.
class Progress {
 public:
  Progress(std::string what, std::chrono::milliseconds limit) {
    if (isatty(STDERR_FILENO) != 1) return;
    teller_ = std::jthread([what = std::move(what), limit](const std::stop_token& ended) {
      const auto begin = std::chrono::steady_clock::now();
      while (!ended.stop_requested()) {
        const auto over = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
        say(what + "  " + std::to_string(std::min<std::int64_t>(over * 100 / limit, 99)) + " %");
        std::this_thread::sleep_for(std::chrono::milliseconds(kTellEveryMs));
      }
    });
  }

 private:
  static constexpr int kTellEveryMs = 200;
  std::jthread teller_;  ///< its end waits at most for one line
};

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

Json conditions(const BenchLimits& limits, unsigned seconds) {
  const auto or_null = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  return {{"seconds", seconds},
          {"threads", limits.threads()},
          {"pus_allowed", limits.pus.size()},
          {"cpu_quota_millicores", or_null(limits.cpu_quota_millicores)},
          {"memory_left_bytes", or_null(limits.memory_bytes)},
          {"limited_by", limits.limited_by}};
}

template <class T, class Describe>
Json outcome(const Result<T>& result, Describe describe) {
  return result ? describe(*result) : Json{{"skipped", result.error().what}};
}

Json gemm_json(const Result<GemmResult>& result) {
  return outcome(result, [](const GemmResult& gemm) {
    return Json{{"mflops", gemm.mflops}, {"library", gemm.library}, {"matrix", gemm.size}, {"threads", gemm.threads}};
  });
}

/// All four tests, one after the other. [name, outcome] in order.
Json measure(const BenchOptions& options, const BenchLimits& limits) {
  const std::chrono::milliseconds each(std::uint64_t{options.seconds} * 1'000);
  const auto clock = [each] { return BenchClock(each, stop_wanted); };
  Json results = Json::object();
  std::optional<Progress> progress;
  progress.emplace("1 of 4: FP64 matrices", each);
  results["fp64_gemm"] = gemm_json(bench_gemm(true, limits, clock()));
  progress.reset();
  progress.emplace("2 of 4: FP32 matrices", each);
  results["fp32_gemm"] = gemm_json(bench_gemm(false, limits, clock()));
  progress.reset();
  progress.emplace("3 of 4: memory bandwidth", each);
  results["memory_triad"] = outcome(bench_triad(limits, clock()), [](const TriadResult& triad) {
    return Json{{"megabytes_per_second", triad.megabytes_a_second}, {"bytes", triad.bytes}, {"threads", triad.threads}};
  });
  progress.reset();
  progress.emplace("4 of 4: writing and reading a file", 2 * each);
  const auto half = BenchClock(each, stop_wanted);
  results["disk_read"] = outcome(bench_disk(options.folder, half, BenchClock(2 * each, stop_wanted)), [&](const DiskResult& disk) {
    return Json{
        {"megabytes_per_second", disk.megabytes_a_second}, {"bytes", disk.bytes}, {"direct", disk.direct}, {"folder", options.folder}};
  });
  progress.reset();
  say("");
  return results;
}

std::optional<std::uint64_t> figure(const Json& result, const char* key) {
  const auto found = result.find(key);
  return found == result.end() ? std::nullopt : std::optional(found->get<std::uint64_t>());
}

/// What of a report a controller gets.
Measured measured_of(const Json& report, const BenchLimits& limits, unsigned seconds) {
  const auto& results = report["results"];
  Measured measured;
  measured.at_unix_s = static_cast<std::uint64_t>(std::time(nullptr));
  measured.seconds = seconds;
  measured.threads = limits.threads();
  measured.fp64_gemm_mflops = figure(results["fp64_gemm"], "mflops");
  measured.fp32_gemm_mflops = figure(results["fp32_gemm"], "mflops");
  measured.memory_mbs = figure(results["memory_triad"], "megabytes_per_second");
  measured.disk_read_mbs = figure(results["disk_read"], "megabytes_per_second");
  measured.conditions = limits.limited_by;
  for (const auto& [test, result] : results.items()) {
    if (result.contains("skipped")) measured.conditions.push_back(test + " skipped: " + result["skipped"].get<std::string>());
  }
  if (results["fp64_gemm"].contains("library"))
    measured.conditions.push_back("matrices by " + results["fp64_gemm"]["library"].get<std::string>());
  return measured;
}

std::string number_text(const Json& value) {
  if (value.is_null() || value.empty()) return "none";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string text_of(const Json& report) {
  std::string page = "measured " + report["date"].get<std::string>() + ", not nominal\n";
  for (const auto& [name, entry] : report["conditions"].items()) page += "  " + name + ": " + number_text(entry) + "\n";
  for (const auto& [test, result] : report["results"].items()) {
    page += test + "\n";
    for (const auto& [name, value] : result.items()) page += "  " + name + ": " + number_text(value) + "\n";
  }
  return page;
}

}  // namespace

int run_benchmark_command(const std::vector<std::string>& arguments) {
  int exit_code = 0;
  const auto options = parse_options(arguments, exit_code);
  if (!options) return exit_code;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  if (options->nice && nice(10) == -1) say("not allowed to let others go first");
  const auto limits = read_bench_limits(HostRoot("/"));
  Json report = {{"schema", 1}, {"measured", true}, {"date", utc_now()}, {"conditions", conditions(limits, options->seconds)}};
  report["results"] = measure(*options, limits);
  const auto measured = measured_of(report, limits, options->seconds);
  if (options->report && !stop_wanted) {
    if (const auto kept = write_measured(options->state, measured); !kept) {
      std::fprintf(stderr, "capmap-agent benchmark: %s\n", kept.error().what.c_str());
      exit_code = 1;
    }
  }
  const auto page = options->lines  ? measured_lines(measured)
                    : options->json ? report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                                    : text_of(report);
  if (std::fwrite(page.data(), 1, page.size(), stdout) != page.size() || std::fflush(stdout) != 0) return 1;
  return stop_wanted ? kStoppedCode : exit_code;
}

}  // namespace capmap
