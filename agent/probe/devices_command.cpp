// `devices`: what drivers say of the accelerators, once for people or again and again for the agent.
#include <malloc.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "agent/device_drivers.hpp"
#include "agent/probe/commands.hpp"
#include "agent/probe/device_look.hpp"
#include "agent/probe/devices/amd_cards.hpp"
#include "agent/probe/devices/device_watch.hpp"
#include "agent/probe/frame_output.hpp"
#include "agent/sample_frames.hpp"
#include "agent/turn_lock.hpp"

namespace capmap {
namespace {

constexpr int kFirstLookMs = 2, kMostLookMs = 100;  ///< between two looks at calls in flight
constexpr std::uint32_t kOnceLimitMs = 40'000;      ///< for people; who asks for less knows why
constexpr const char* kNvml = "libnvidia-ml.so.1";

struct DevicesOptions {
  std::string root = "/", nvml, dcmi, rocm_smi, state;
  std::uint32_t every_ms = 0, within_ms = kOnceLimitMs;
  bool json = true;
};

/// One watch a driver that is there.
std::vector<std::unique_ptr<DeviceWatch>> watches_of(const DevicesOptions& options, const Clock& clock) {
  const HostRoot root(options.root);
  const auto drivers = find_device_drivers(root);
  std::vector<std::unique_ptr<DeviceWatch>> watches;
  const auto watch = [&](std::unique_ptr<DeviceBackend> backend) {
    watches.push_back(std::make_unique<DeviceWatch>(std::move(backend), WatchLimits{}, clock));
  };
  if (!options.nvml.empty() || (drivers.nvidia && root.live())) {
    watch(make_nvml_backend(options.nvml.empty() ? kNvml : options.nvml));
  }
  if (!options.dcmi.empty() || (drivers.ascend && root.live())) watch(make_dcmi_backend(options.dcmi));
  if (drivers.amd) watch(make_amd_backend(root));
  if ((!options.rocm_smi.empty() || (drivers.amd && root.live())) && amd_card_present(root)) {
    watch(make_rocm_smi_backend(root, options.rocm_smi));
  }
  if (drivers.intel) watch(make_intel_backend(root, clock));
  if (drivers.habana) watch(make_habana_backend(root));
  return watches;
}

/// The sampler's loop. Ends at SIGTERM or SIGINT or when nobody reads any more, and never while a call is inside a driver.
class Sampler {
 public:
  Sampler(const DevicesOptions& options, FrameOutput output)
      : every_ms_(options.every_ms), output_(output), watches_(watches_of(options, clock_)) {}

  void run() {
    for (auto due = clock_.boot_ms(); !output_.ended(); due = std::max(due + every_ms_, clock_.boot_ms())) {
      while (!output_.ended() && clock_.boot_ms() < due) output_.wait(static_cast<int>(due - clock_.boot_ms()));
      if (!output_.ended()) sample();
    }
    for (int look_ms = kFirstLookMs; !all(&DeviceWatch::idle); look_ms = std::min(look_ms * 2, kMostLookMs)) sleep(look_ms);
    for (const auto& watch : watches_) watch->close();
  }

  /// One sample; false when the calls have not come back in time. All that is in flight is then left to itself.
  bool look_once(std::uint64_t limit_ms) {
    const auto begin = clock_.boot_ms();
    for (int round = 0; round < 2; ++round) {  // opening, then reading
      for (const auto& watch : watches_) watch->ask(clock_.boot_ms());
      for (int look_ms = kFirstLookMs; !all(&DeviceWatch::idle); look_ms = std::min(look_ms * 2, kMostLookMs)) {
        if (clock_.boot_ms() >= begin + limit_ms) return false;
        sleep(look_ms);
      }
    }
    return true;
  }

  [[nodiscard]] SeenDevices seen() const {
    SeenDevices seen;
    for (const auto& watch : watches_) watch->add_to(seen, clock_.boot_ms());
    return seen;
  }
  [[nodiscard]] const std::vector<std::unique_ptr<DeviceWatch>>& watches() const { return watches_; }
  [[nodiscard]] std::uint64_t now_ms() const { return clock_.boot_ms(); }

 private:
  template <class Holds>
  [[nodiscard]] bool all(Holds holds) const {
    return std::ranges::all_of(watches_, [&](const auto& watch) { return std::invoke(holds, *watch); });
  }

  static void sleep(int ms) { ::poll(nullptr, 0, ms); }

  void sample() {
    const auto settled = [this](const DeviceWatch& watch) { return watch.idle() || watch.settled(clock_.boot_ms()); };
    for (bool again = true; again && !output_.ended();) {
      for (const auto& watch : watches_) watch->ask(clock_.boot_ms());
      for (int look_ms = kFirstLookMs; !output_.ended() && !all(settled); look_ms = std::min(look_ms * 2, kMostLookMs))
        output_.wait(look_ms);
      again = std::ranges::any_of(watches_, [](const auto& watch) { return watch->opened(); });
    }
    output_.write(write_sample_frame(to_frame(seen(), clock_.boot_ms())));
  }

  SystemClock clock_;
  std::uint64_t every_ms_;
  FrameOutput output_;
  std::vector<std::unique_ptr<DeviceWatch>> watches_;
};

/// What a driver has not said in time is told as a problem. Our reader is let go before what still hangs is waited for.
int print_once(Sampler& sampler, std::uint64_t limit_ms) {
  const bool whole = sampler.look_once(limit_ms);
  auto look = look_of(sampler.watches(), sampler.now_ms());
  for (const auto& watch : sampler.watches()) {
    if (watch->idle()) continue;
    look.problems.push_back({.probe = watch->backend().name(), .what = "has not answered within " + coarse_duration(limit_ms)});
  }
  std::fputs(write_device_look(look).c_str(), stdout);
  std::fclose(stdout);
  if (!whole && limit_ms == kOnceLimitMs) std::fputs("capmap-probe: a driver does not answer; this process ends when it does\n", stderr);
  return whole ? 0 : 1;
}

}  // namespace

int run_devices_command(const std::vector<std::string>& arguments) {
  mallopt(M_ARENA_MAX, 1);  // before any thread
  DevicesOptions options;
  CLI::App app("Prints what drivers say of this machine's accelerators: as JSON once, or as lines for the agent again and again.",
               "capmap-probe devices");
  app.add_option("--every", options.every_ms, "milliseconds between two samples, for the agent")->check(CLI::Range(100U, 3'600'000U));
  app.add_option("--state", options.state, "folder whose lock one sampler at a time holds, with --every");
  app.add_option("--within", options.within_ms, "milliseconds to wait for drivers that do not answer, once")
      ->check(CLI::Range(100U, 600'000U));
  app.add_flag("--json", options.json, "print JSON, which is all there is");
  app.add_option("--root", options.root, "folder of a captured machine with sys/ below it")->check(CLI::ExistingDirectory);
  app.add_option("--nvml", options.nvml, "library to load as NVIDIA's management library");
  app.add_option("--dcmi", options.dcmi, "library to load as Huawei's card management interface");
  app.add_option("--rocm-smi", options.rocm_smi, "library to load as AMD's ROCm System Management Interface");
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto output = options.every_ms != 0 ? FrameOutput::with_signals() : FrameOutput();
  std::optional<TurnLock> turn;
  if (options.every_ms != 0 && !options.state.empty() && !wait_for_turn(options.state, "devices", turn)) return kEarlierRunExit;
  Sampler sampler(options, output);
  if (options.every_ms == 0) return print_once(sampler, options.within_ms);
  sampler.run();
  return 0;
}

}  // namespace capmap
