// `release-accelerators`: asks the running agent to let go of the accelerators' drivers for a while.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <thread>

#include "agent/fields.hpp"
#include "agent/probe/commands.hpp"
#include "agent/release_request.hpp"
#include "common/clock.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kWaitMs = 40'000, kLookMs = 100;

/// "90s", "10m", "2h", "0"; nothing for anything else and for more than a day.
std::optional<std::uint64_t> duration_ms(std::string_view text) {
  std::uint64_t unit_ms = 1'000;
  if (!text.empty() && text.back() == 'm') unit_ms = 60'000;
  if (!text.empty() && text.back() == 'h') unit_ms = 3'600'000;
  if (text.ends_with('s') || text.ends_with('m') || text.ends_with('h')) text.remove_suffix(1);
  const auto number = to_number(text);
  if (!number || *number > kMaxReleaseMs / unit_ms) return std::nullopt;
  return *number * unit_ms;
}

int fail(const std::string& why) {
  std::fprintf(stderr, "capmap-agent release-accelerators: %s\n", why.c_str());
  return 1;
}

int release(const std::string& state, std::uint64_t window_ms) {
  const SystemClock clock;
  const auto begin = clock.boot_ms();
  if (auto written = write_release_request(state, begin + window_ms); !written) return fail(written.error().what);
  const auto request = read_release_request(state, begin);
  if (!request) return fail("the request in " + state + " cannot be read back");
  while (clock.boot_ms() < begin + kWaitMs) {
    if (read_release_answer(state) == request->text) {
      std::puts("the agent has let go of the accelerators' drivers; --for 0 gives them back early");
      return 0;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kLookMs));
  }
  return fail("the agent has not let go within 40 s: it does not run, has no driver open, or a call of it is inside a driver");
}

}  // namespace

int run_release_command(const std::vector<std::string>& arguments) {
  std::string window = "10m", state = "/var/lib/capmap-agent";
  CLI::App app("Asks the agent on this server to let go of the accelerators' drivers, so that a card can be reset or cut anew.",
               "capmap-agent release-accelerators");
  app.add_option("--for", window, "for how long: 90s, 10m, 2h, at most 24h; 0 gives them back now");
  app.add_option("--state", state, "the agent's state folder")->check(CLI::ExistingDirectory);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
  }
  const auto window_ms = duration_ms(window);
  if (!window_ms) {
    std::fprintf(stderr, "capmap-agent release-accelerators: --for takes 90s, 10m, 2h, at most 24h\n");
    return 2;
  }
  if (*window_ms > 0) return release(state, *window_ms);
  if (auto removed = remove_release_request(state); !removed) return fail(removed.error().what);
  std::puts("the agent opens the accelerators' drivers again within seconds");
  return 0;
}

}  // namespace capmap
