#include "agent/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "agent/metrics_address.hpp"
#include "agent/probe/commands.hpp"
#include "agent/probe/settings_sources.hpp"
#include "common/log.hpp"
#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr const char* kDefaultConfig = "/etc/capmap/agent.toml";

/// What the command line asks for.
struct Asked {
  std::string config_path = kDefaultConfig;
  bool config_named = false;  ///< then it must be there
  bool help = false, print = false;
  std::vector<std::pair<std::string, std::string>> flags;  ///< name and value, in their order
};

Error wrong_use(std::string what) {
  return {ErrorCode::kMalformed, std::move(what) + "; capmap-agent --help lists what there is"};
}

/// "--name value" and "--name=value"; --help and --print-config stand alone.
Result<Asked> read_arguments(const std::vector<std::string>& arguments) {
  Asked asked;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    if (name == "--help" || name == "-h" || name == "--print-config") {
      (name == "--print-config" ? asked.print : asked.help) = true;
      continue;
    }
    if (!name.starts_with("--")) return wrong_use("unknown word " + log_quoted(name));
    if (equals == std::string::npos && i + 1 == arguments.size()) return wrong_use(name + " takes a value");
    std::string value = equals == std::string::npos ? arguments[++i] : arguments[i].substr(equals + 1);
    if (name != "--config") {
      asked.flags.emplace_back(name, std::move(value));
      continue;
    }
    asked.config_path = std::move(value);
    asked.config_named = true;
  }
  return asked;
}

Result<Done> read_flags(const Asked& asked, std::vector<Setting>& list) {
  for (const auto& flag : asked.flags) {
    const auto setting = std::ranges::find_if(list, [&](const Setting& s) { return flag_name(s) == flag.first; });
    if (setting == list.end()) return wrong_use("unknown flag " + log_quoted(flag.first));
    if (auto set = set_from_flag(*setting, flag.second); !set) return set;
  }
  return Done{};
}

/// A file that may be absent.
Result<Done> read_if_there(const std::string& path, std::vector<Setting>& list) {
  auto read = read_toml(path, list);
  if (!read && read.error().code == ErrorCode::kAbsent) return Done{};
  return read;
}

/// Lowest first: what join wrote, the file, the flags.
Result<Done> read_sources(const Asked& asked, const std::optional<std::string>& joined, std::vector<Setting>& list) {
  if (joined) {
    if (auto read = read_if_there(*joined, list); !read) return read;
  }
  auto read = asked.config_named ? read_toml(asked.config_path, list) : read_if_there(asked.config_path, list);
  if (!read) return read;
  return read_flags(asked, list);
}

bool is_tcp_endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  constexpr std::string_view kScheme = "tcp://";
  if (!text.starts_with(kScheme) || colon <= kScheme.size()) return false;
  const auto port = std::string_view(text).substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  return digits && std::stoul(std::string(port)) >= 1 && std::stoul(std::string(port)) <= 65'535;
}

/// What no type of a setting says, so that --print-config refuses what would not start.
Result<Done> check_words(const AgentSettings& settings) {
  if (!settings.metrics_listen.empty()) {
    if (auto address = parse_metrics_address(settings.metrics_listen); !address) return address.error();
  }
  if (is_log_level(settings.log_level)) return Done{};
  return Error{ErrorCode::kMalformed, "log.level: " + log_quoted(settings.log_level) + " is none of trace, debug, info, warn, error"};
}

}  // namespace

Result<Done> check_meaning(const AgentSettings& settings) {
  if (auto meant = check_words(settings); !meant) return meant;
  const bool can_join = !settings.join_token_file.empty() && access(settings.join_token_file.c_str(), F_OK) == 0;
  if (settings.controller_endpoint.empty() && can_join) return start_log(settings.log_level);
  if (settings.controller_endpoint.empty() && !settings.join_token_file.empty()) {
    return Error{ErrorCode::kAbsent, "no controller is known: " + joined_path(settings.state) + " is not there, nor is the join token " +
                                         settings.join_token_file + "; put it there, or run capmap-agent join TOKEN"};
  }
  if (settings.controller_endpoint.empty()) {
    return Error{ErrorCode::kAbsent, "no controller is known: " + joined_path(settings.state) +
                                         " is not there and controller.endpoint is not set; capmap-agent join TOKEN does that"};
  }
  if (!is_tcp_endpoint(settings.controller_endpoint)) {
    return Error{ErrorCode::kMalformed, "controller.endpoint: " + log_quoted(settings.controller_endpoint) + " is not tcp://host:port"};
  }
  if (!is_z85_key(settings.controller_public_key)) {
    return Error{ErrorCode::kMalformed, "controller.public_key: not a key of 40 characters; capmap-agent join TOKEN writes it"};
  }
  return start_log(settings.log_level);
}

Result<AgentSettings> read_agent_settings(const std::vector<std::string>& arguments, bool with_joined) {
  const auto asked = read_arguments(arguments);
  if (!asked) return asked.error();
  AgentSettings first;
  auto first_list = list_settings(first);
  if (auto read = read_sources(*asked, std::nullopt, first_list); !read) return read.error();
  if (!with_joined) return first;
  AgentSettings settings;  // again, now that the folder of joined.toml is known
  auto list = list_settings(settings);
  if (auto read = read_sources(*asked, joined_path(first.state), list); !read) return read.error();
  return settings;
}

namespace {

std::string help_text(const std::vector<Setting>& list) {
  std::string text =
      "capmap-agent: reports what this server has and what of it is in use\n\n"
      "  capmap-agent [flags]             run the service\n"
      "  capmap-agent capture FILE        pack what probe reads into an archive, names hashed\n"
      "  capmap-agent benchmark           measure processors, memory and a disk\n"
      "  capmap-agent join TOKEN          let this server in; capmapctl token create makes the token\n"
      "  capmap-agent join --token-file FILE   likewise; the file is removed when the token is used\n"
      "  capmap-agent probe [--json]      show what this server is\n"
      "  capmap-agent doctor [--json]     say what is wrong with this installation, and how it is put right\n"
      "  capmap-agent devices             show what drivers say of the accelerators\n"
      "  capmap-agent release-accelerators [--for 10m]   let go of their drivers for a while\n"
      "  capmap-agent --print-config      show every setting, its value and where it comes from\n"
      "  capmap-agent --version\n\nFlags (also keys of the file, lowest to highest: joined.toml, file, flags):\n";
  text += "  --config FILE\n      default " + std::string(kDefaultConfig) + "\n";
  for (const auto& setting : list) text += "  " + flag_name(setting) + " VALUE\n      " + setting.help + "\n";
  return text;
}

Result<std::string> settings_output(const std::vector<std::string>& arguments) {
  const auto asked = read_arguments(arguments);
  if (!asked) return asked.error();
  AgentSettings first;
  auto first_list = list_settings(first);
  if (asked->help) return help_text(first_list);
  if (auto read = read_sources(*asked, std::nullopt, first_list); !read) return read.error();
  AgentSettings settings;
  auto list = list_settings(settings);
  if (auto read = read_sources(*asked, joined_path(first.state), list); !read) return read.error();
  if (asked->print) {
    if (auto meant = check_words(settings); !meant) return meant.error();
    return print_settings(list);
  }
  if (auto meant = check_meaning(settings); !meant) return meant.error();
  return write_setting_lines(settings);
}

}  // namespace

int run_settings_command(const std::vector<std::string>& arguments) {
  const auto text = settings_output(arguments);
  if (!text) {
    std::fprintf(stderr, "capmap-agent: %s\n", text.error().what.c_str());
    return text.error().code == ErrorCode::kMalformed ? 2 : 1;
  }
  return std::fputs(text->c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? 1 : 0;
}

}  // namespace capmap
