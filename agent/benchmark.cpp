#include "agent/benchmark.hpp"

#include <algorithm>
#include <utility>

#include "agent/measured.hpp"
#include "common/log.hpp"

namespace capmap {

Benchmark::Benchmark(const AgentSettings& settings, std::string probe)
    : state_(settings.state), probe_(std::move(probe)), most_seconds_(settings.benchmark_most_s) {}

Benchmark::~Benchmark() {
  if (child_) child_->ask_end();
}

void Benchmark::ask(std::uint32_t seconds, std::uint64_t now_ms) {
  if (seconds == 0 || child_ || (asked_ms_ && now_ms < *asked_ms_ + kBenchmarkGapMs)) return;
  asked_ms_ = now_ms;
  problem_.clear();
  if (most_seconds_ == 0) {
    problem_ = "the controller asked for a benchmark; benchmark.most_s in this machine's agent.toml allows none";
    news_ = true;
    return;
  }
  start(std::min(seconds, most_seconds_));
}

void Benchmark::start(std::uint32_t seconds) {
  log_info("benchmark_started", {{"seconds_each", seconds}});
  auto child = ProbeChild::start(probe_, {"benchmark", "--lines", "--nice", "--seconds", std::to_string(seconds), "--dir", state_});
  if (child) {
    child_.emplace(std::move(*child));
    return;
  }
  problem_ = child.error().what;
  news_ = true;
}

bool Benchmark::step(std::uint64_t /*now_ms*/) {
  if (child_) {
    if (const auto end = child_->poll()) {
      child_.reset();
      take(*end);
    }
  }
  return std::exchange(news_, false);
}

void Benchmark::take(const ChildEnd& end) {
  news_ = true;
  auto measured = end.exit_code == 0
                      ? parse_measured(end.output)
                      : Result<Measured>(Error{ErrorCode::kUnavailable, "it ended with code " + std::to_string(end.exit_code)});
  if (!measured) {
    problem_ = "the benchmark that the controller asked for failed: " + measured.error().what;
    log_warn("benchmark_failed", {{"why", measured.error().what}});
    return;
  }
  newest_ = std::move(*measured);
  log_info("benchmark_done", {{"threads", newest_->threads}});
  if (const auto kept = write_measured(state_, *newest_); !kept) log_warn("benchmark_not_kept", {{"why", kept.error().what}});
}

void Benchmark::add_to(Hello& hello) {
  if (auto kept = read_measured(state_); kept && (!newest_ || kept->at_unix_s > newest_->at_unix_s)) newest_ = std::move(*kept);
  hello.measured = newest_;
  if (!problem_.empty()) hello.problems.push_back({.probe = "benchmark", .what = problem_});
}

}  // namespace capmap
