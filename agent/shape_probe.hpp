#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/probe_child.hpp"
#include "common/messages.hpp"
#include "common/result.hpp"

namespace capmap {

/// What one look at the hardware found: the facts of hello, and the shape.
using ShapeFacts = std::pair<Hello, EncodedShape>;

struct ShapeProbeOptions {
  std::string program;                  ///< capmap-probe
  std::vector<std::string> arguments;   ///< {"shape", "--root", "/"}
  std::uint64_t every_ms = 21'600'000;  ///< between two looks that went well
  std::uint64_t deadline_ms = 60'000;   ///< after it a run counts as stuck
  std::uint64_t retry_ms = 10'000;      ///< after a failure; doubles up to the next line
  std::uint64_t retry_max_ms = 600'000;
};

/// Decides when capmap-probe looks at the hardware, and takes its answer. One run at a time: a run that is stuck is left alone and
/// counted, and nothing is started beside it; should it answer after all, the answer is taken. Pure of clocks: time is told. One thread.
class ShapeProbe {
 public:
  explicit ShapeProbe(ShapeProbeOptions options) : options_(std::move(options)) {}

  /// Starts a run when due, takes what a running one wrote. Facts when one ended well. Never blocks.
  std::optional<ShapeFacts> step(std::uint64_t now_ms);
  /// Look again as soon as no run is in flight.
  void ask_now() { due_ms_ = 0; }

  /// When step() has something to do even if nothing comes from fd().
  [[nodiscard]] std::uint64_t due_ms() const;
  /// Output of the run in flight, for waiting; -1 when there is none.
  [[nodiscard]] int fd() const { return child_ ? child_->fd() : -1; }
  /// Why the newest look brought nothing; empty when all is well.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Runs that passed their deadline.
  [[nodiscard]] std::uint32_t stuck() const { return stuck_; }

 private:
  void start(std::uint64_t now_ms);
  void fail(std::uint64_t now_ms, std::string why);
  std::optional<ShapeFacts> take(const ChildEnd& end, std::uint64_t now_ms);

  ShapeProbeOptions options_;
  std::optional<ProbeChild> child_;
  std::uint64_t due_ms_ = 0, started_ms_ = 0, backoff_ms_ = 0;
  bool overdue_ = false;
  std::uint32_t stuck_ = 0;
  std::string problem_;
};

/// What can be said of this machine without capmap-probe: its name and kernel, an empty shape, and the problem.
ShapeFacts facts_without_shape(const std::string& problem);

}  // namespace capmap
