#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/probe_child.hpp"
#include "agent/sample_frames.hpp"
#include "common/hardware.hpp"

namespace capmap {

struct ProbeSamplerOptions {
  std::string program;                 ///< capmap-probe
  std::vector<std::string> arguments;  ///< {"devices", "--every", "10000", ...}
  std::string about;                   ///< what its problems are said of: "accelerators"
  std::uint64_t every_ms = 10'000;     ///< between two frames
  std::uint64_t retry_ms = 10'000;     ///< after it ended though nobody asked for that; doubles up to the next line
  std::uint64_t retry_max_ms = 600'000;
};

/// Keeps `capmap-probe devices` or `mounts` running while it is wanted, and takes its frames. One at a time: a sampler that is stuck inside
/// a driver is left alone and counted, and nothing is started beside it; should it speak again, it is heard. Pure of clocks: time is told.
class ProbeSampler {
 public:
  static constexpr std::uint64_t kFreshIntervals = 3, kYieldMs = 60'000;
  static constexpr std::uint32_t kMostYields = 10;

  explicit ProbeSampler(ProbeSamplerOptions options) : options_(std::move(options)) {}

  /// Starts or ends a run as `wanted`, takes what a running one wrote. A frame that says a card waits for a reset into another partition
  /// mode ends the run for kYieldMs, at most kMostYields times on end. Never blocks. True when a frame came.
  bool step(std::uint64_t now_ms, bool wanted);

  /// Adds devices by address and file systems by source, ascending, and problems. Values older than kFreshIntervals are unknown.
  void add_to(Usage& usage, std::uint64_t now_ms) const;

  /// When step() has something to do even if nothing comes from fd().
  [[nodiscard]] std::uint64_t due_ms() const;
  [[nodiscard]] int fd() const { return child_ ? child_->fd() : -1; }
  /// A process of ours may have a driver open.
  [[nodiscard]] bool running() const { return child_.has_value(); }
  /// The newest frame; nothing before the first, and while it is not wanted.
  [[nodiscard]] const std::optional<SampleFrame>& frame() const { return frame_; }
  /// Runs that fell silent.
  [[nodiscard]] std::uint32_t stuck() const { return stuck_; }

 private:
  [[nodiscard]] std::string command() const;
  [[nodiscard]] std::uint64_t silent_at_ms() const;
  void start(std::uint64_t now_ms);
  void fail(std::uint64_t now_ms, std::string why);
  bool take_frames(std::uint64_t now_ms);
  void end_run();

  ProbeSamplerOptions options_;
  std::optional<ProbeChild> child_;
  std::string text_;  ///< of a frame that has not come whole
  std::optional<SampleFrame> frame_;
  std::uint64_t frame_ms_ = 0, heard_ms_ = 0, due_ms_ = 0, backoff_ms_ = 0, yield_until_ms_ = 0;
  std::uint32_t yields_ = 0, stuck_ = 0;
  bool ending_ = false, silent_ = false;
  std::string problem_;
};

}  // namespace capmap
