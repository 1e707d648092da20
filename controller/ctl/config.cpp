// A controller's settings file, as the controller itself reads it.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <ostream>

#include "common/open_file.hpp"
#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMaxPrinted = 1 << 20;

/// The controller that belongs to this capmapctl: beside it, else in /usr/sbin and where the search path says.
std::string controller_program() {
  std::array<char, 4'096> own{};
  const auto length = readlink("/proc/self/exe", own.data(), own.size() - 1);
  std::string folder(own.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  folder.erase(std::min(folder.size(), folder.find_last_of('/') + 1));
  for (const auto& candidate : {folder + "capmap-controller", std::string("/usr/sbin/capmap-controller")}) {
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "capmap-controller";
}

struct Printed {
  std::string text;
  int status = 0;
};

/// What a program prints, on both its outputs. Errors: kAbsent, kUnavailable.
Result<Printed> run(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{ErrorCode::kUnavailable, std::string("no pipe: ") + std::strerror(errno)};
  const OpenFile out(ends[0]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));  // NOLINT: argv is not written to
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (failed != 0) {
    return Error{failed == ENOENT ? ErrorCode::kAbsent : ErrorCode::kUnavailable,
                 words[0] + ": " + std::strerror(failed) + "; the controller reads its settings itself: install capmap-controller here"};
  }
  Printed printed;
  std::array<char, 4'096> part{};
  for (ssize_t read_bytes = 0; (read_bytes = read(out.fd(), part.data(), part.size())) != 0;) {
    if (read_bytes < 0 && errno != EINTR) break;
    if (read_bytes > 0 && printed.text.size() < kMaxPrinted) printed.text.append(part.data(), static_cast<std::size_t>(read_bytes));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  printed.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return printed;
}

Result<Done> look_at(const Screen& screen, const std::string& file, bool show) {
  const auto printed = run({controller_program(), "--config", file, "--print-config"});
  if (!printed) return printed.error();
  if (printed->status != 0) return Error{ErrorCode::kMalformed, printed->text.substr(0, printed->text.find_last_not_of('\n') + 1)};
  if (show) {
    screen.out << printed->text;
  } else {
    screen.out << printable(file) << " is right: the controller takes it as it stands\n";
  }
  return Done{};
}

}  // namespace

void add_config(CLI::App& app, Line& line) {
  auto* config = add_command(app, "config", "the controller's settings file on this machine, as the controller reads it",
                             "  capmapctl config check\n  capmapctl config show /etc/capmap/controller.toml");
  config->require_subcommand(1);
  const auto file = std::make_shared<std::string>("/etc/capmap/controller.toml");
  for (const bool show : {false, true}) {
    auto* command =
        add_command(*config, show ? "show" : "check",
                    show ? "each setting with its value and where it was set" : "whether the file is right; the place and what would be",
                    show ? "  capmapctl config show" : "  capmapctl config check new.toml && mv new.toml /etc/capmap/controller.toml");
    command->add_option("FILE", *file, "the settings file")->capture_default_str();
    command->callback([&line, file, show] {
      line.offline = true;
      line.command = [file, show](const Screen& screen) { return look_at(screen, *file, show); };
    });
  }
}

}  // namespace capmap
