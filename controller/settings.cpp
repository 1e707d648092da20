#include "controller/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "common/join_token.hpp"
#include "common/log.hpp"
#include "controller/map/left_out.hpp"

namespace capmap {
namespace {

constexpr const char* kDefaultFile = "/etc/capmap/controller.toml";

struct Flag {
  std::string name;
  std::string value;
  bool has_value = false;
};

/// "--name=value" or "--name value".
Result<Flag> take_flag(const std::vector<std::string>& arguments, std::size_t& at) {
  const std::string& text = arguments[at];
  if (!text.starts_with("--")) return Error{ErrorCode::kMalformed, "\"" + text + "\": flags begin with --; see --help"};
  const auto equals = text.find('=');
  if (equals != std::string::npos) return Flag{text.substr(0, equals), text.substr(equals + 1), true};
  if (text == "--help" || text == "--version" || text == "--print-config") return Flag{text, "", false};
  if (at + 1 >= arguments.size()) return Error{ErrorCode::kMalformed, text + ": takes a value; see --help"};
  return Flag{text, arguments[++at], true};
}

/// What no type of a setting says, so that --print-config refuses what would not start.
Result<Done> check_words(const ControllerSettings& settings) {
  const auto is_one_of = [](const auto& words, const std::string& text) {
    return std::ranges::any_of(words, [&text](const char* word) { return text == word; });
  };
  const auto bad = [](const char* key, const std::string& text, const char* must) {
    return Error{ErrorCode::kMalformed, std::string(key) + ": " + log_quoted(text) + " must be " + must};
  };
  constexpr std::array kAnonymous = {"", "read", "none"};
  if (!is_one_of(kDeclaredWords, settings.believe_declared)) return bad("believe.declared", settings.believe_declared, "beside or binding");
  if (!is_one_of(kBelieveWords, settings.believe_contradicted)) {
    return bad("believe.contradicted", settings.believe_contradicted, "count or exclude");
  }
  if (!is_one_of(kAnonymous, settings.anonymous)) return bad("http.anonymous", settings.anonymous, "read or none");
  if (!is_log_level(settings.log_level)) return bad("log.level", settings.log_level, "trace, debug, info, warn or error");
  const auto& url = settings.webhook_url;
  if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://")) {
    return bad("alerts.webhook_url", url, "a URL that begins with http:// or https://");
  }
  if (!settings.advertise_host.empty() && !is_join_host(settings.advertise_host)) {
    return bad("advertise.host", settings.advertise_host,
               "names or addresses with commas between, without blanks, at most 253 bytes in all");
  }
  return Done{};
}

}  // namespace

std::vector<Setting> describe(ControllerSettings& settings) {
  return {
      {.key = "state", .target = &settings.state, .help = "folder of keys, sites and known nodes, made by capmapctl init"},
      {.key = "catalog",
       .target = &settings.catalog,
       .help = "folder of the chip table; empty: $CAPMAP_CATALOG, beside the program or /usr/share/capmap/catalog"},
      {.key = "http.address",
       .target = &settings.http_address,
       .help = "address of the HTTP API; * = all; beyond this machine it needs TLS or a proxy"},
      {.key = "http.port", .target = &settings.http_port, .help = "port of the HTTP API; 0 = any free one", .max = 65'535},
      {.key = "http.tls_certificate",
       .target = &settings.tls_certificate,
       .help = "certificate (PEM, with those that signed it) of the HTTP API; read anew on SIGHUP; empty: plain HTTP"},
      {.key = "http.tls_key", .target = &settings.tls_key, .help = "its key (PEM), a file of mode 0600"},
      {.key = "http.anonymous",
       .target = &settings.anonymous,
       .help = "what who shows nothing may do: read, none; empty: read where only this machine can ask"},
      {.key = "http.behind_proxy",
       .target = &settings.behind_proxy,
       .help = "addresses of proxies whose word on users is taken, as 192.0.2.0/24,...; others are not answered"},
      {.key = "http.proxy_user_header", .target = &settings.proxy_user_header, .help = "header in which the proxy names the user"},
      {.key = "http.proxy_secret",
       .target = &settings.proxy_secret,
       .help = "file of what the proxy must show in X-Capmap-Proxy-Secret; needed where it is on this machine"},
      {.key = "http.session_idle_s",
       .target = &settings.session_idle_s,
       .help = "a login ends when it was not used for so long",
       .min = 60,
       .max = 604'800},
      {.key = "http.session_most_s",
       .target = &settings.session_most_s,
       .help = "a login ends after so long in any case",
       .min = 60,
       .max = 2'592'000},
      {.key = "messages.address",
       .target = &settings.listen_address,
       .help = "address of the message and enrolment ports; * = all, IPv4 and IPv6"},
      {.key = "messages.port", .target = &settings.message_port, .help = "port agents report to; 0 = any free one", .max = 65'535},
      {.key = "messages.next_port",
       .target = &settings.next_port,
       .help = "port of the server's other key while it changes: the next one, then the old one",
       .min = 1,
       .max = 65'535},
      {.key = "messages.most_connections",
       .target = &settings.most_connections,
       .help = "agents connected at a time; 0 = as many as the limit of descriptors allows"},
      {.key = "enrol.port", .target = &settings.enrol_port, .help = "port servers join at; 0 = any free one", .max = 65'535},
      {.key = "enrol.joins_per_address_per_s",
       .target = &settings.joins_per_address_a_s,
       .help = "requests to join taken a second from one address (IPv6: from one /64); four times as many may come at once",
       .min = 1,
       .max = 100'000},
      {.key = "enrol.joins_per_s", .target = &settings.joins_a_s, .help = "likewise from all together", .min = 1, .max = 100'000},
      {.key = "advertise.host",
       .target = &settings.advertise_host,
       .help = "names or addresses agents reach this controller by, in the order to try them, commas between; empty: the host name"},
      {.key = "interval_ms", .target = &settings.interval_ms, .help = "time between heartbeats of a node", .min = 200, .max = 3'600'000},
      {.key = "keys.server_max_age_days",
       .target = &settings.server_key_max_age_days,
       .help = "age at which the server's key is changed, days; 0 = only by capmapctl keys rotate --server",
       .max = 36'500},
      {.key = "keys.server_window_days",
       .target = &settings.server_key_window_days,
       .help = "days in which agents learn the next key before it takes the place of the one in use",
       .max = 3'650},
      {.key = "keys.server_old_days",
       .target = &settings.server_key_old_days,
       .help = "days in which the old key still lets in who was off meanwhile",
       .max = 3'650},
      {.key = "keys.server_move_s",
       .target = &settings.server_key_move_s,
       .help = "time over which agents go from one port to the other when the keys change roles",
       .min = 1,
       .max = 86'400},
      {.key = "history.write_every_s",
       .target = &settings.history_write_every_s,
       .help = "time between writes of history; what came since the last one is lost with the process",
       .min = 1,
       .max = 3'600},
      {.key = "history.keep_days",
       .target = &settings.history_keep_days,
       .help = "days that past maps and events are kept; 0 = for ever",
       .max = 36'500},
      {.key = "alerts.webhook_url",
       .target = &settings.webhook_url,
       .help = "where alerts are sent (POST, JSON, signed); empty: they stand in the log alone"},
      {.key = "alerts.webhook_secret_file",
       .target = &settings.webhook_secret_file,
       .help = "file of the secret that signs them, mode 0600"},
      {.key = "believe.contradicted",
       .target = &settings.believe_contradicted,
       .help = "what nodes count for that cannot be what they say: count, or exclude (left out of totals)"},
      {.key = "believe.declared",
       .target = &settings.believe_declared,
       .help = "what a card counts for that its site does not declare: beside (unproven), or binding (contradicted)"},
      {.key = "believe.challenges_per_hour",
       .target = &settings.challenges_per_hour,
       .help = "nodes in doubt that are asked for a short benchmark; 0 = none",
       .max = 3'600},
      {.key = "max.nodes",
       .target = &settings.max_nodes,
       .help = "nodes on the map at most; an eighth of it is kept for agents",
       .min = 8,
       .max = 60'000'000},
      {.key = "max.child_nodes",
       .target = &settings.max_child_nodes,
       .help = "nodes of one child controller at most",
       .min = 1,
       .max = 60'000'000},
      {.key = "log.level", .target = &settings.log_level, .help = "trace, debug, info, warn or error"},
  };
}

Result<CommandLine> read_command_line(const std::vector<std::string>& arguments, std::string& printed_config) {
  CommandLine line;
  auto settings = describe(line.settings);
  std::vector<Flag> flags;
  std::string file;
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    auto flag = take_flag(arguments, at);
    if (!flag) return flag.error();
    if (flag->name == "--help")
      line.help = true;
    else if (flag->name == "--version")
      line.version = true;
    else if (flag->name == "--print-config")
      line.print_config = true;
    else if (flag->name == "--config")
      file = flag->value;
    else
      flags.push_back(std::move(*flag));
  }
  if (!file.empty() || access(kDefaultFile, F_OK) == 0) {
    if (auto read = read_toml(file.empty() ? kDefaultFile : file, settings); !read) return read.error();
  }
  for (const auto& flag : flags) {
    const auto setting =
        std::find_if(settings.begin(), settings.end(), [&flag](const Setting& s) { return flag_name(s.key) == flag.name; });
    if (setting == settings.end()) return Error{ErrorCode::kMalformed, flag.name + ": no such flag; see --help"};
    if (auto set = set_from_flag(*setting, flag.value); !set) return set.error();
  }
  if (auto good = check_words(line.settings); !good) return good.error();
  printed_config = print_settings(settings);
  return line;
}

std::string controller_help() {
  ControllerSettings defaults;
  std::string text =
      "capmap-controller keeps the live capacity map and serves it.\n\n"
      "usage: capmap-controller [--config FILE] [flags]\n\n"
      "  --config FILE            settings in TOML (default /etc/capmap/controller.toml where it exists)\n"
      "  --print-config           print every setting with its origin and exit\n"
      "  --version                print the version and exit\n";
  for (const auto& setting : describe(defaults)) {
    std::string name = "  " + flag_name(setting.key) + " VALUE";
    name.resize(std::max<std::size_t>(name.size() + 1, 27), ' ');
    text += name + setting.help + "\n";
  }
  return text + "\nexample: capmapctl init --state /tmp/state --site here && capmap-controller --state /tmp/state\n";
}

}  // namespace capmap
