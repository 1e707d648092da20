#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/probe_child.hpp"
#include "agent/settings.hpp"
#include "common/host_root.hpp"
#include "common/messages.hpp"

namespace capmap {

/// The virtual machines' part of hello: what those that run here are known by, and what we are known by where we are one. The controller
/// counts a machine that a node names in that node alone.
///
/// Signs of guests are looked at each minute: how often KVM's module is held, which tap devices there are. Where a sign has moved, and now
/// and then while there are guests, `capmap-probe guests` looks for them: it reads command lines of others, which may hang. One run at a
/// time: one that is stuck is left alone and told, and nothing is started beside it. Where there is no /dev/kvm this costs a look for it a
/// minute. One thread; never blocks.
class Guests {
 public:
  /// `probe` is capmap-probe.
  Guests(const AgentSettings& settings, const std::string& probe);

  /// True when something else is known now: hello should be said again.
  bool step(std::uint64_t now_ms);
  void add_to(Hello& facts) const;
  void add_to(Usage& usage) const;

  /// The looks at signs wait for whatever wakes the agent next.
  [[nodiscard]] std::uint64_t due_ms() const;
  [[nodiscard]] int fd() const { return child_ ? child_->fd() : -1; }

 private:
  static constexpr std::uint64_t kSignsEveryMs = 60'000, kDeadlineMs = 60'000;
  static constexpr std::uint64_t kAnywayAfter = 10;  ///< looks: then one is made though no sign has moved

  /// Signs as one number; nothing where no guest can be here.
  [[nodiscard]] std::optional<std::size_t> signs() const;
  bool look_at_signs(std::uint64_t now_ms);
  void start(std::uint64_t now_ms);
  bool take(const ChildEnd& end);
  bool put(std::vector<Fingerprint> guests);

  HostRoot root_;
  std::string probe_, privileged_, salt_;
  std::uint64_t every_ms_;
  std::optional<ProbeChild> child_;
  std::optional<std::vector<Fingerprint>> guests_;  ///< absent: not known
  std::optional<std::size_t> signs_;                ///< when they were looked for last
  std::uint64_t signs_due_ms_ = 0, look_due_ms_ = 0, anyway_ms_ = 0, started_ms_ = 0;
  bool overdue_ = false;
  std::vector<Problem> problems_;
};

}  // namespace capmap
