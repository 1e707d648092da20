// `mounts`: sizes of network file systems, once for people or again and again for the agent.
#include <malloc.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "agent/mountinfo.hpp"
#include "agent/probe/commands.hpp"
#include "agent/probe/devices/mount_watch.hpp"
#include "agent/probe/frame_output.hpp"
#include "agent/sample_frames.hpp"
#include "agent/turn_lock.hpp"
#include "common/host_root.hpp"

namespace capmap {
namespace {

constexpr int kFirstLookMs = 2, kMostLookMs = 100;  ///< between two looks at calls in flight
constexpr std::size_t kMaxMountinfoBytes = 4 << 20;

/// Ends at SIGTERM or SIGINT or when nobody reads any more, and never while a call hangs in a file system.
class Sampler {
 public:
  Sampler(const std::string& root, FrameOutput output) : root_(root), output_(output), watch_(read_file_system, clock_) {}

  void run(std::uint64_t every_ms) {
    for (auto due = clock_.boot_ms(); !output_.ended(); due = std::max(due + every_ms, clock_.boot_ms())) {
      while (!output_.ended() && clock_.boot_ms() < due) output_.wait(static_cast<int>(due - clock_.boot_ms()));
      if (!output_.ended()) sample();
    }
    for (int look_ms = kFirstLookMs; !watch_.idle(); look_ms = std::min(look_ms * 2, kMostLookMs)) ::poll(nullptr, 0, look_ms);
  }

  void sample() {
    SampleFrame frame;
    const auto text = root_.read("proc/self/mountinfo", kMaxMountinfoBytes);
    if (!text) frame.problems.push_back({"file_systems", text.error().what});
    watch_.ask(text ? shared_mounts(*text) : std::vector<SharedMount>(), clock_.boot_ms());
    for (int look_ms = kFirstLookMs; !output_.ended() && !watch_.settled(clock_.boot_ms()); look_ms = std::min(look_ms * 2, kMostLookMs))
      output_.wait(look_ms);
    watch_.add_to(frame, clock_.boot_ms());
    output_.write(write_sample_frame(frame));
  }

 private:
  SystemClock clock_;
  HostRoot root_;
  FrameOutput output_;
  MountWatch watch_;
};

}  // namespace

int run_mounts_command(const std::vector<std::string>& arguments) {
  mallopt(M_ARENA_MAX, 1);  // before any thread
  std::string root = "/", state;
  std::uint32_t every_ms = 0;
  CLI::App app("Prints the sizes of this machine's network file systems as lines: once, or for the agent again and again.",
               "capmap-probe mounts");
  app.add_option("--every", every_ms, "milliseconds between two samples, for the agent")->check(CLI::Range(100U, 3'600'000U));
  app.add_option("--state", state, "folder whose lock one sampler at a time holds, with --every");
  app.add_option("--root", root, "folder whose proc/self/mountinfo is read")->check(CLI::ExistingDirectory);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto output = FrameOutput::with_signals();
  std::optional<TurnLock> turn;
  if (every_ms != 0 && !state.empty() && !wait_for_turn(state, "mounts", turn)) return kEarlierRunExit;
  Sampler sampler(root, output);
  if (every_ms != 0) {
    sampler.run(every_ms);
    return 0;
  }
  sampler.sample();
  std::_Exit(0);  // what hangs is left to itself
}

}  // namespace capmap
