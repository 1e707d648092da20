#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/config.hpp"
#include "common/result.hpp"

namespace capmap {

/// Everything an admin can set on the controller: /etc/capmap/controller.toml, then flags. A change is a restart.
struct ControllerSettings {
  std::string state = "/var/lib/capmap-controller";
  std::string catalog;  ///< empty: looked for beside the program, then in /usr/share/capmap/catalog
  std::string http_address = "127.0.0.1";
  std::uint32_t http_port = 8470;
  std::string tls_certificate, tls_key;  ///< PEM files; both empty: plain HTTP
  std::string anonymous;                 ///< read, none; empty: read where only this machine can ask
  std::string behind_proxy, proxy_user_header, proxy_secret;
  std::uint32_t session_idle_s = 1'800, session_most_s = 43'200;
  std::string listen_address = "*";
  std::uint32_t message_port = 8471, next_port = 8473;
  std::uint32_t most_connections = 0;  ///< 0 = as many as descriptors allow
  std::uint32_t enrol_port = 8472;
  std::uint32_t joins_per_address_a_s = 100, joins_a_s = 1'000;
  std::string advertise_host;  ///< empty: this machine's host name
  std::uint32_t interval_ms = 10'000;
  std::uint32_t server_key_max_age_days = 0, server_key_window_days = 30, server_key_old_days = 30, server_key_move_s = 600;
  std::string log_level = "info";
  std::uint32_t history_write_every_s = 60, history_keep_days = 0;
  std::string webhook_url, webhook_secret_file;
  std::uint32_t challenges_per_hour = 0;
  std::string believe_contradicted = "count";  ///< a word of kBelieveWords
  std::string believe_declared = "beside";     ///< a word of kDeclaredWords
  std::uint32_t max_nodes = 24'000'000, max_child_nodes = 20'000'000;
};

/// The settings with their keys, help and limits, for files, flags and --print-config.
std::vector<Setting> describe(ControllerSettings& settings);

/// What the command line asks for beside settings.
struct CommandLine {
  ControllerSettings settings;
  bool print_config = false, help = false, version = false;
};
/// Reads the file (--config FILE, or the default one where it exists), then flags ("--http-port 8470" or "--http-port=8470").
/// Errors: kMalformed with the place; kAbsent for a file that was named.
Result<CommandLine> read_command_line(const std::vector<std::string>& arguments, std::string& printed_config);

/// Help text with every flag, its default and meaning.
std::string controller_help();

}  // namespace capmap
