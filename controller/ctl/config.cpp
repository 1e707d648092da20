// A controller's settings file, as the controller itself reads it.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/run_program.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

constexpr const char* kUsualFile = "/etc/capmap/controller.toml";

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

/// Without `named` the controller looks for its usual file itself, and does well without one.
Result<Done> look_at(const Screen& screen, const std::string& named, bool show) {
  std::vector<std::string> words = {controller_program(), "--print-config"};
  if (!named.empty()) words.insert(words.end(), {"--config", named});
  const auto printed = run_program(words);
  if (!printed) {
    return Error{printed.error().code, printed.error().what + "; the controller reads its settings itself: install capmap-controller here"};
  }
  if (printed->status != 0) return Error{ErrorCode::kMalformed, printed->text.substr(0, printed->text.find_last_not_of('\n') + 1)};
  if (show) {
    screen.out << printed->text;
  } else {
    const std::string file = named.empty() ? kUsualFile : named;
    screen.out << printable(file)
               << (access(file.c_str(), F_OK) == 0
                       ? " is right: the controller takes it as it stands\n"
                       : " is not there: the controller takes its defaults; capmapctl config show lists them\n");
  }
  return Done{};
}

}  // namespace

void add_config(CLI::App& app, Line& line) {
  auto* config = add_command(app, "config", "the controller's settings file on this machine, as the controller reads it",
                             "  capmapctl config check\n  capmapctl config show /etc/capmap/controller.toml");
  config->require_subcommand(1);
  const auto file = std::make_shared<std::string>();
  for (const bool show : {false, true}) {
    auto* command =
        add_command(*config, show ? "show" : "check",
                    show ? "each setting with its value and where it was set" : "whether the file is right; the place and what would be",
                    show ? "  capmapctl config show" : "  capmapctl config check new.toml && mv new.toml /etc/capmap/controller.toml");
    command->add_option("FILE", *file, "the settings file; default: /etc/capmap/controller.toml, where it exists");
    command->callback([&line, file, show] {
      line.offline = true;
      line.command = [file, show](const Screen& screen) { return look_at(screen, *file, show); };
    });
  }
}

}  // namespace capmap
