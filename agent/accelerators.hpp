#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/known_devices.hpp"
#include "agent/probe_sampler.hpp"
#include "agent/settings.hpp"
#include "common/host_root.hpp"
#include "common/messages.hpp"

namespace capmap {

/// The accelerators' part of a tick: whether a sampler is wanted (a driver is loaded, nobody asked to let go), what it said, and what of
/// that belongs to the shape. Where no driver is loaded this costs a few looks at names a minute. One thread; never blocks.
class Accelerators {
 public:
  /// `probe` is capmap-probe.
  Accelerators(const AgentSettings& settings, const std::string& probe);

  /// True when a driver said something new of what does not change (see KnownDevice): the shape is worth another look.
  bool step(std::uint64_t now_ms);
  /// Devices on the PCI bus as the last look at the hardware counted them. What a driver shows beyond them is told and left out; what it
  /// does not show of them is told.
  void set_present(const std::vector<std::string>& addresses);
  void add_to(Usage& usage, std::uint64_t now_ms) const;
  /// Limits and driver versions as drivers told them last, for hello.
  void add_to(Hello& facts) const;
  /// True when these have changed since it was true last, at most each kNewsEveryMs: hello should be said again.
  bool take_news(std::uint64_t now_ms);

  [[nodiscard]] std::uint64_t due_ms() const;
  [[nodiscard]] int fd() const { return sampler_.fd(); }

 private:
  static constexpr std::uint64_t kNewsEveryMs = 60'000;  ///< a limit that moves all the time costs one hello a minute

  struct Told {
    std::map<std::string, std::uint32_t> limit_watts;  ///< by address
    std::vector<AcceleratorDriver> drivers;
    bool operator==(const Told&) const = default;
  };

  [[nodiscard]] bool wanted(std::uint64_t now_ms);
  bool learn();

  std::string state_;
  HostRoot root_;
  bool forced_;  ///< a library is named in the settings
  ProbeSampler sampler_;
  KnownDevices known_;
  Told told_, news_;  ///< now, and when take_news() was true last
  std::uint64_t news_due_ms_ = 0;
  std::set<std::string> present_;
  bool present_known_ = false, drivers_ = false, released_ = false, answered_ = false;
  std::uint64_t drivers_due_ms_ = 0, request_due_ms_ = 0;
};

}  // namespace capmap
