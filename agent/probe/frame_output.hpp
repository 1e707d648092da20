#pragma once
#include <string_view>

namespace capmap {

/// stdout of a sampler: frames for the agent until SIGTERM or SIGINT comes, or nobody reads any more.
class FrameOutput {
 public:
  /// Blocks both signals for this thread and those it starts, and has them told by a descriptor: nothing ends in the middle of a call.
  static FrameOutput with_signals();
  /// For one frame to a person: signals end the process as they do.
  FrameOutput() = default;

  [[nodiscard]] bool ended() const { return ended_; }
  /// Up to `ms`, or until it has ended.
  void wait(int ms);
  /// All of it, or it has ended.
  void write(std::string_view text);

 private:
  int signals_ = -1;
  bool ended_ = false;
};

}  // namespace capmap
