#include "agent/probe_sampler.hpp"

#include <algorithm>

#include "agent/turn_lock.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kSlackMs = 5'000;  ///< calls in flight may hold a frame back so long
constexpr std::uint64_t kEndPatienceMs = 30'000;

std::string end_text(int exit_code) {
  if (exit_code == kEarlierRunExit) return " is not started: that of an earlier run of the agent hangs still";
  return " ended with code " + std::to_string(exit_code);
}

std::string stuck_text(std::uint32_t runs) {
  return "; stuck runs so far: " + std::to_string(runs);
}

}  // namespace

bool ProbeSampler::step(std::uint64_t now_ms, bool wanted) {
  const bool run = wanted && now_ms >= yield_until_ms_;
  if (!wanted) {
    frame_.reset();
    if (!child_) problem_.clear();
    yields_ = 0;
    yield_until_ms_ = 0;
  }
  if (!child_ && run && now_ms >= due_ms_) start(now_ms);
  if (!child_) return false;
  if (!run && !ending_) {
    ending_ = true;
    heard_ms_ = now_ms;
    child_->ask_end();
  }
  const auto end = child_->poll();
  const bool heard = take_frames(now_ms);
  if (end) {
    const bool asked_for = ending_;
    text_ += end->output;
    take_frames(now_ms);
    end_run();
    if (!asked_for) fail(now_ms, command() + end_text(end->exit_code) + "; its reason is in this machine's log");
  } else if (!silent_ && now_ms >= silent_at_ms()) {
    silent_ = true;
    ++stuck_;
    problem_ = (ending_ ? command() + " does not end: a call of it hangs" : command() + " has fallen silent") + stuck_text(stuck_);
  }
  return heard;
}

std::string ProbeSampler::command() const {
  return "capmap-probe " + (options_.arguments.empty() ? std::string() : options_.arguments.front());
}

std::uint64_t ProbeSampler::silent_at_ms() const {
  return heard_ms_ + (ending_ ? kEndPatienceMs : kFreshIntervals * options_.every_ms + kSlackMs);
}

std::uint64_t ProbeSampler::due_ms() const {
  if (!child_) return std::max(due_ms_, yield_until_ms_);
  return silent_ ? UINT64_MAX : silent_at_ms();
}

void ProbeSampler::start(std::uint64_t now_ms) {
  heard_ms_ = now_ms;
  auto child = ProbeChild::start(options_.program, options_.arguments);
  if (!child) return fail(now_ms, child.error().what);
  child_.emplace(std::move(*child));
}

void ProbeSampler::fail(std::uint64_t now_ms, std::string why) {
  problem_ = std::move(why);
  backoff_ms_ = std::min(std::max(backoff_ms_ * 2, options_.retry_ms), options_.retry_max_ms);
  due_ms_ = now_ms + backoff_ms_;
}

void ProbeSampler::end_run() {
  child_.reset();
  text_.clear();
  ending_ = silent_ = false;
  problem_.clear();
}

bool ProbeSampler::take_frames(std::uint64_t now_ms) {
  if (child_) text_ += child_->take_output();
  bool heard = false;
  while (auto frame = take_sample_frame(text_)) {
    heard_ms_ = now_ms;
    if (!*frame) {
      problem_ = frame->error().what;
      continue;
    }
    heard = true;
    if (ending_) continue;
    silent_ = false;
    backoff_ms_ = 0;
    problem_.clear();
    frame_ = std::move(**frame);
    frame_ms_ = now_ms;
  }
  if (!heard || ending_) return heard;
  if (!frame_->mode_change_pending) {
    yields_ = 0;
  } else if (yields_ < kMostYields) {
    ++yields_;
    yield_until_ms_ = now_ms + kYieldMs;
  }
  return true;
}

void ProbeSampler::add_to(Usage& usage, std::uint64_t now_ms) const {
  if (!problem_.empty()) usage.problems.push_back({.probe = options_.about, .what = problem_});
  if (!frame_) return;
  for (const auto& row : frame_->rows) {
    const bool fresh = now_ms - frame_ms_ + row.age_ms <= kFreshIntervals * options_.every_ms;
    auto& use = usage.accelerators.emplace_back();
    if (fresh) use = row.use;
    use.pci_address = row.use.pci_address;
  }
  for (const auto& row : frame_->file_systems) {
    auto& system = usage.file_systems.emplace_back(row.use);
    if (now_ms - frame_ms_ + row.age_ms > kFreshIntervals * options_.every_ms) system.size_mb = system.used_mb = std::nullopt;
  }
  for (const auto& problem : frame_->problems) usage.problems.push_back({.probe = problem.probe, .what = problem.what});
  if (frame_->mode_change_pending) {
    usage.problems.push_back(
        {.probe = options_.about, .what = "a card waits for a reset into another partition mode; its driver is let go for that"});
  }
}

}  // namespace capmap
