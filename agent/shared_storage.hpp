#pragma once
#include <cstdint>
#include <string>

#include "agent/probe_sampler.hpp"
#include "agent/settings.hpp"
#include "common/host_root.hpp"

namespace capmap {

/// The network file systems' part of a tick: whether any is mounted, and what a sampler that may hang on them said. Where none is
/// mounted this costs one look at mountinfo a minute. One thread; never blocks.
class SharedStorage {
 public:
  /// `probe` is capmap-probe.
  SharedStorage(const AgentSettings& settings, const std::string& probe);

  void step(std::uint64_t now_ms);
  void add_to(Usage& usage, std::uint64_t now_ms) const { sampler_.add_to(usage, now_ms); }

  /// The looks at mountinfo wait for whatever wakes the agent next.
  [[nodiscard]] std::uint64_t due_ms() const { return mounted_ ? sampler_.due_ms() : UINT64_MAX; }
  [[nodiscard]] int fd() const { return sampler_.fd(); }

 private:
  HostRoot root_;
  ProbeSampler sampler_;
  bool mounted_ = false;
  std::uint64_t look_ms_ = 0;
};

}  // namespace capmap
