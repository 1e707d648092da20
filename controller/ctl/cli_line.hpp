#pragma once
#include <functional>
#include <string>

#include "controller/ctl/commands.hpp"

namespace CLI {
class App;
}

namespace capmap {

inline constexpr const char* kExits =
    "exit codes: 0 done, 1 failed, 2 wrong use, 3 controller not reached or not ready,\n"
    "            4 not found, 5 refused (token, rights)";

/// Everything the command line can say, filled by CLI11.
struct Line {
  ApiConnection connection;
  bool json = false, no_pager = false;
  std::string output = "table", profile;
  std::uint32_t watch_s = 0;  ///< 0: once
  std::uint32_t timeout_s = 10, benchmark_seconds = 10;
  Site site;
  TokenRequest token;
  NodeFilter filter;
  std::string expires = "24h", node;
  MapQuestion question;
  ServiceRequest service;
  bool yes = false, nothing_declared = false, all = false;
  std::function<Result<Done>(const Screen&)> command;
  std::string file;
  /// Whether the API's own JSON is what is printed, as it is or in another spelling.
  [[nodiscard]] bool wants_json() const { return json || (output != "table" && output != "wide"); }
  bool offline = false;  ///< the command talks to no controller: not to reach one is no reason it can fail for
};

/// A command below `parent`; `examples` and the exit codes stand at the end of its help.
CLI::App* add_command(CLI::App& parent, const char* name, const char* what, const std::string& examples);

/// Throws CLI11's error where `endless` answers are wanted in a form that wants the end first (csv, yaml).
void refuse_endless_output(const Line& line, bool endless);
/// The flags that every command takes: how a controller is reached, and how answers are printed.
void add_flags(CLI::App& app, Line& line);
/// All of the command line. `app` and `line` live as long as what is parsed by it.
void describe(CLI::App& app, Line& line, const std::string& version);

// One part of the command line each: what it says goes to `line`, which must live as long as `app`.
void add_init(CLI::App& app, Line& line);
void add_token(CLI::App& app, Line& line);
void add_keys(CLI::App& app, Line& line);
/// Subcommands of nodes: who waits to be let in. Each sets line.command itself.
void add_pending(CLI::App& nodes, Line& line);
void add_sites(CLI::App& app, Line& line);
void add_regions(CLI::App& app, Line& line);
/// After add_sites.
void add_places(CLI::App& app, Line& line);
void add_nodes(CLI::App& app, Line& line);
void add_history(CLI::App& app, Line& line);
void add_events(CLI::App& app, Line& line);
/// Subcommands of history.
void add_past(CLI::App& history, Line& line);
/// Behind add_sites: adds to its commands.
void add_export(CLI::App& app, Line& line);
void add_reports(CLI::App& app, Line& line);
void add_sql(CLI::App& app, Line& line);
/// After add_sites and add_nodes: adds to their commands; and pools.
void add_orders(CLI::App& app, Line& line);
/// chips and hardware.
void add_chip_commands(CLI::App& app, Line& line);
void add_resolve(CLI::App& app, Line& line);
void add_doctor(CLI::App& app, Line& line);
/// After add_nodes: adds to its commands.
void add_believing(CLI::App& app, Line& line);
/// users, login, logout, whoami, audit, tls.
void add_access(CLI::App& app, Line& line);
/// config check, config show.
void add_config(CLI::App& app, Line& line);
/// profiles.
void add_profiles(CLI::App& app, Line& line);
/// completion; after all others.
void add_completion(CLI::App& app, Line& line);

}  // namespace capmap
