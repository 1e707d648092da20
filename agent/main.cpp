// capmap-agent: the tiny service on each server. What is big is handed to capmap-probe; main builds the parts and runs them.
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "agent/agent.hpp"
#include "agent/probe_child.hpp"
#include "agent/settings.hpp"
#include "common/libraries.hpp"
#include "common/log.hpp"

namespace {

using namespace capmap;

constexpr std::array<std::string_view, 7> kCommands = {"probe",   "join",      "devices", "release-accelerators",
                                                       "capture", "benchmark", "doctor"};
constexpr std::array<std::string_view, 3> kShown = {"--help", "-h", "--print-config"};
constexpr std::uint32_t kSettingsDeadlineMs = 10'000;

/// capmap-probe lies beside us, else in PATH.
std::string find_probe() {
  std::array<char, 4096> self{};
  const ssize_t length = readlink("/proc/self/exe", self.data(), self.size());
  const std::string_view path(self.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  std::string beside(path.substr(0, path.rfind('/') + 1));
  beside += "capmap-probe";
  return access(beside.c_str(), X_OK) == 0 ? beside : "capmap-probe";
}

int fail(const std::string& reason) {
  std::fprintf(stderr, "capmap-agent: %s\n", reason.c_str());
  return 1;
}

/// Becomes `capmap-probe words…`; returns only when that fails.
int hand_over(const std::string& probe, std::vector<std::string> words) {
  std::vector<char*> argv = {const_cast<char*>(probe.c_str())};
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execvp(probe.c_str(), argv.data());
  return fail(probe + ": cannot be started: " + std::strerror(errno));
}

/// Nobody knows this machine yet, but a token lies there: capmap-probe joins, however long that takes, and becomes us again.
int join_first(const std::string& probe, const AgentSettings& settings, const std::vector<std::string>& arguments) {
  std::array<char, 4096> self{};
  const ssize_t length = readlink("/proc/self/exe", self.data(), self.size() - 1);
  if (length <= 0) return fail("/proc/self/exe: cannot be read");
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);  // it minds signals as any program does
  std::vector<std::string> words = {"join",          "--token-file", settings.join_token_file, "--state", settings.state,
                                    "--first-start", self.data()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return hand_over(probe, words);
}

std::vector<std::string> settings_words(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"settings"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

/// Everything between checked settings and the end; the exit code.
int serve(const std::string& probe, int signals, const std::string& setting_lines, const std::vector<std::string>& arguments) {
  auto settings = parse_setting_lines(setting_lines);
  if (!settings) return fail(settings.error().what);
  if (settings->controller_endpoint.empty()) return join_first(probe, *settings, arguments);
  if (const auto started = start_log(settings->log_level); !started) return fail(started.error().what);
  if (const auto usable = check_libraries(); !usable) return fail(usable.error().what);
  auto keys = KeyRing::open(key_path(settings->state));
  if (!keys) return fail(keys.error().what + "; capmap-agent join TOKEN makes it");
  auto server = KnownServer::open(joined_server(*settings));
  if (!server) return fail(server.error().what);
  const SystemClock clock;
  const auto ended = run_agent({.settings = std::move(*settings),
                                .keys = std::move(*keys),
                                .server = std::move(*server),
                                .probe_program = probe,
                                .version = CAPMAP_VERSION,
                                .signals = signals},
                               clock);
  return ended ? 0 : fail(ended.error().what);
}

}  // namespace

int main(int argc, char** argv) {
  prctl(PR_SET_DUMPABLE, 0);  // the secret key is in no core dump, and no other process of this account reads it
  mallopt(M_ARENA_MAX, 1);    // before any thread: one heap is enough, each further one costs pages
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto any_of = [&](const auto& words) {
    return std::ranges::any_of(arguments, [&](const auto& a) { return std::ranges::find(words, a) != words.end(); });
  };
  if (!arguments.empty() && arguments[0] == "--version") return std::puts("capmap-agent " CAPMAP_VERSION) < 0 ? 1 : 0;
  const std::string probe = find_probe();
  if (!arguments.empty() && std::ranges::find(kCommands, arguments[0]) != kCommands.end()) return hand_over(probe, arguments);
  if (any_of(kShown)) return hand_over(probe, settings_words(arguments));

  const auto signals = take_agent_signals();
  if (!signals) return fail(signals.error().what);
  const auto checked = run_child(probe, settings_words(arguments), kSettingsDeadlineMs);
  if (!checked) return fail(checked.error().what);
  if (checked->exit_code != 0) return checked->exit_code;  // its reason is on our stderr already
  return serve(probe, *signals, checked->output, arguments);
}
