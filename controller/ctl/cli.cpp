#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <initializer_list>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/store/declared_words.hpp"
#include "controller/store/store.hpp"

namespace capmap {
namespace {

constexpr const char* kExits =
    "exit codes: 0 done, 1 failed, 2 wrong use, 3 controller not reached or not ready,\n"
    "            4 not found, 5 refused (token, rights)";

/// Everything the command line can say, filled by CLI11.
struct Line {
  ApiConnection connection;
  bool json = false;
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
  bool offline = false;  ///< the command talks to no controller: not to reach one is no reason it can fail for
};

CLI::App* add_command(CLI::App& parent, const char* name, const char* what, const std::string& examples) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->footer("examples:\n" + examples + "\n" + kExits);
  return command;
}

/// "H100=8", or "H100 SXM5=8": the count stands behind the last =.
void add_declared_model(DeclaredCapacity& declared, const std::string& text) {
  const auto equals = text.rfind('=');
  std::uint64_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto read = equals == std::string::npos ? std::from_chars_result{end, std::errc::invalid_argument}
                                                : std::from_chars(text.data() + equals + 1, end, count);
  if (read.ec != std::errc() || read.ptr != end) {
    throw CLI::ValidationError("--declared-model", "\"" + text + "\" is not a model and a count: NAME=8");
  }
  if (!declared.accelerators_by_model.emplace(text.substr(0, equals), count).second) {
    throw CLI::ValidationError("--declared-model", "\"" + text.substr(0, equals) + "\" stands there twice");
  }
}

/// --declared-memory-bytes and its like, named as the API does.
void add_declared_options(CLI::App& command, DeclaredCapacity& declared) {
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    std::string flag = std::string("--declared-") + kDeclaredNames[i];
    std::ranges::replace(flag, '_', '-');
    command.add_option(flag, declared.figures[i], "what its operator says stands there; not said: not declared")
        ->check(CLI::Range(std::uint64_t{0}, most_declared(i)));
  }
  command
      .add_option_function<std::vector<std::string>>(
          "--declared-model",
          [&declared](const std::vector<std::string>& texts) {
            for (const auto& text : texts) add_declared_model(declared, text);
          },
          "accelerators of one model, NAME=COUNT; may be said again for another")
      ->take_all();
}

void add_site_options(CLI::App& command, Site& site) {
  command.add_option("--region", site.region, "code of GB/T 2260, 2, 4 or 6 digits: 11, 1101, 110108");
  command.add_option("--owner", site.owner_class, "government, state-owned, private, foreign-or-joint, university-or-research");
  command.add_option("--compute-class", site.compute_class, "general, intelligent, super, edge");
  command.add_option("--service", site.service, "public, private, hybrid");
  command.add_option("--hub", site.hub, "national hub; default: what the region's code says");
  command.add_option("--hub-cluster", site.hub_cluster, "its cluster; default: what the region's code says");
  command.add_option("--industry", site.industry, "the industry it works for");
  command
      .add_option_function<std::string>(
          "--public-compute", [&site](const std::string& word) { site.public_compute = word == "yes"; },
          "counted as public computing power: yes or no")
      ->check(CLI::IsMember({"yes", "no"}));
  command.add_option("--security-level", site.security_level, "declared level of protection, 0 (unrated) to 5");
  add_declared_options(command, site.declared);
}

/// Wrong words are wrong use, before anything is asked of anybody.
void check_site(const Site& site) {
  if (const auto valid = validate_site(site); !valid) throw CLI::ValidationError("site", valid.error().what);
}

void add_init(CLI::App& app, Line& line) {
  auto* init = add_command(app, "init", "make a controller's state folder on this machine: keys, admin token, first site",
                           "  capmapctl init --site beijing-1 --region 1101\n"
                           "  capmapctl init --state /tmp/state --site lab");
  init->add_option("--site", line.site.name, "name of the first site")->required();
  add_site_options(*init, line.site);
  init->callback([&line] {
    check_site(line.site);
    line.offline = true;
    line.command = [&line](const Screen& screen) { return init_state(line.connection, screen, line.site); };
  });
}

void add_token(CLI::App& app, Line& line) {
  auto* token = add_command(app, "token", "join tokens: what lets a server in", "  capmapctl token create --site beijing-1");
  auto* create = add_command(*token, "create", "make a join token; it is shown once",
                             "  capmapctl token create --site beijing-1\n"
                             "  capmapctl token create --site beijing-1 --uses 500 --expires 7d\n"
                             "  capmap-agent join \"$(capmapctl token create --site lab --quiet)\"");
  auto* site = create->add_option("--site", line.token.site, "name or s-… id of the site the servers belong to");
  auto* child = create->add_option("--child-sites", line.token.child_sites, "lets child controllers in, to speak for these sites: a,b,c");
  site->excludes(child);
  create->add_option("--uses", line.token.uses, "how many servers it lets in")->capture_default_str();
  create->add_option("--expires", line.expires, "how long it works: 90s, 30m, 24h, 7d")->capture_default_str();
  create->add_flag("-q,--quiet", line.token.quiet, "print the token alone");
  create->callback([&line] {
    if (line.token.site.empty() && line.token.child_sites.empty()) throw CLI::RequiredError("--site");
    const auto lifetime_ms = parse_duration_ms(line.expires);
    if (!lifetime_ms) throw CLI::ValidationError("--expires", lifetime_ms.error().what);
    line.token.lifetime_ms = *lifetime_ms;
    line.command = [&line](const Screen& screen) { return create_token(line.connection, screen, line.token); };
  });
}

void add_sites(CLI::App& app, Line& line) {
  auto* sites = add_command(app, "sites", "places with one operator", "  capmapctl sites list\n  capmapctl sites add lab --region 11");
  add_command(*sites, "list", "all sites", "  capmapctl sites list\n  capmapctl sites list --json")->callback([&line] {
    line.command = [&line](const Screen& screen) { return list_sites(line.connection, screen); };
  });
  auto* add = add_command(*sites, "add", "declare a site",
                          "  capmapctl sites add shanghai-2 --region 310115 --owner state-owned \\\n"
                          "      --compute-class intelligent --service public --security-level 3");
  add->add_option("NAME", line.site.name, "name of the site, for people; unique")->required();
  add_site_options(*add, line.site);
  add->callback([&line] {
    check_site(line.site);
    line.command = [&line](const Screen& screen) { return add_site(line.connection, screen, line.site); };
  });
  auto* declare = add_command(*sites, "declare", "what a site's operator says stands there, in place of what was declared before",
                              "  capmapctl sites declare lab --declared-nodes 40 --declared-accelerators 320 --declared-model 'H100=320'\n"
                              "  capmapctl sites declare lab --nothing");
  declare->add_option("SITE", line.site.name, "name or s-… id")->required();
  add_declared_options(*declare, line.site.declared);
  declare->add_flag("--nothing", line.nothing_declared, "withdraw all of it");
  declare->callback([&line] {
    if (line.site.declared.empty() != line.nothing_declared) {
      throw CLI::ValidationError("sites declare", "say what is declared, or --nothing: what is not said is not declared any more");
    }
    if (const auto valid = validate_declared(line.site.declared); !valid) throw CLI::ValidationError("site", valid.error().what);
    line.command = [&line](const Screen& screen) { return declare_site(line.connection, screen, line.site.name, line.site.declared); };
  });
}

void add_regions(CLI::App& app, Line& line) {
  auto* regions =
      add_command(app, "regions", "the tree of regions, and what stands in them", "  capmapctl regions\n  capmapctl regions --all --json");
  regions->add_flag("--all", line.all, "those below divisions too where nothing stands");
  regions->callback([&line] { line.command = [&line](const Screen& screen) { return list_regions(line.connection, screen, line.all); }; });
}

void add_nodes(CLI::App& app, Line& line) {
  auto* nodes = add_command(app, "nodes", "list nodes, or show one",
                            "  capmapctl nodes\n"
                            "  capmapctl nodes --site beijing-1 --liveness lost\n"
                            "  capmapctl nodes --filter 'accelerators > 0 and label.rack = \"r12\"'\n"
                            "  capmapctl nodes show gpu-17");
  nodes->add_option("--site", line.filter.site, "only nodes of this site: name or s-… id");
  nodes->add_option("--liveness", line.filter.liveness, "only these: resyncing, fresh, stale, lost")
      ->check(CLI::IsMember({"resyncing", "fresh", "stale", "lost"}));
  nodes->add_option("--filter", line.filter.filter, "only what fulfils a condition, as of map; see capmapctl(1)");
  nodes->add_option("--limit", line.filter.limit, "most nodes to list")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  auto* show = add_command(*nodes, "show", "all that is known of one node",
                           "  capmapctl nodes show gpu-17\n  capmapctl nodes show n-abcdefghijklmnopqrstuvwxya --json");
  show->add_option("NODE", line.node, "n-… id, or a host name that one node alone has")->required();
  auto* benchmark = add_command(*nodes, "benchmark", "ask a node to measure itself, and wait for what comes; its owner must allow that",
                                "  capmapctl nodes benchmark gpu-17 --seconds 10");
  benchmark->add_option("NODE", line.node, "n-… id, or a host name that one node alone has")->required();
  benchmark->add_option("--seconds", line.benchmark_seconds, "for each of the four tests")
      ->check(CLI::Range(1, 3'600))
      ->capture_default_str();
  const auto name_node = [&line](CLI::App& command) {
    command.add_option("NODE", line.node, "n-… id, or a host name that one node alone has")->required();
  };
  for (const auto& [name, state, what] : std::initializer_list<std::array<const char*, 3>>{
           {"drain", "draining", "take no new work on a node"},
           {"undrain", "in_service", "put a node back into service"},
           {"maintenance", "maintenance", "a node is worked on, for a time or until undrain"},
           {"quarantine", "quarantined", "a node is not to be trusted: it leaves all totals"},
           {"retire", "retired", "a node has served its time: it leaves all totals, and is still shown"}}) {
    auto* order = add_command(*nodes, name, what, std::string("  capmapctl nodes ") + name + " gpu-17");
    name_node(*order);
    if (std::string_view(name) != "undrain") {
      order->add_option("--reason", line.service.reason, "why, for people");
      order->add_option("--from", line.service.from, "from when on, as 2026-11-22T21:00:00Z; default: now");
      order->add_option("--until", line.service.until, "until when; default: until told otherwise");
    }
    order->callback([&line, word = state] { line.service.state = word; });
  }
  auto* remove = add_command(*nodes, "remove", "forget a node for good; its key is refused from then on",
                             "  capmapctl nodes remove gpu-17\n  capmapctl nodes remove gpu-17 --yes");
  name_node(*remove);
  remove->add_flag("-y,--yes", line.yes, "do not ask");
  nodes->callback([&line, benchmark, remove] {
    line.command = [&line, asked = benchmark->parsed(), removed = remove->parsed()](const Screen& screen) {
      if (removed) return remove_node(line.connection, screen, line.node, line.yes);
      if (!line.service.state.empty()) return order_service(line.connection, screen, line.node, line.service);
      if (asked) return benchmark_node(line.connection, screen, line.node, line.benchmark_seconds);
      return line.node.empty() ? list_nodes(line.connection, screen, line.filter) : show_node(line.connection, screen, line.node);
    };
  });
}

void add_map(CLI::App& app, Line& line) {
  auto* map =
      add_command(app, "map", "the capacity map: what there is, what is free, how old that is",
                  "  capmapctl map\n"
                  "  capmapctl map --by region_2\n"
                  "  capmapctl map --by site,cpu_model --json\n"
                  "  capmapctl map --by region_2 --measure declared\n"
                  "  capmapctl map --by site --filter 'region_2 in (11, 31) and has(accelerator memory_gib >= 80)'\n"
                  "dimensions: region, region_2 (division), region_4 (prefecture), site, owner_class, compute_class,\n"
                  "            service, security_level, hub, hub_cluster, industry, public_compute, pool, architecture, cpu_model,\n"
                  "            accelerator_vendor, accelerator_model, accelerator_kind, hardware, liveness, service_state, verdict");
  map->add_option("--by", line.question.by, "group by dimensions, comma between");
  map->add_option("--filter", line.question.filter, "only what fulfils a condition, see capmapctl(1)");
  map->add_option("--measure", line.question.measure, "declared: what sites declare beside what is installed; with --json any of /v1/map");
  map->callback([&line] {
    if (!line.question.measure.empty() && line.question.measure != "declared" && !line.json) {
      throw CLI::ValidationError("--measure", "tables show all measures, or declared alone; --json takes any");
    }
    line.command = [&line](const Screen& screen) { return show_map(line.connection, screen, line.question); };
  });
}

void add_status(CLI::App& app, Line& line) {
  add_command(app, "status", "whether the controller answers and is ready; exit code 3 when not", "  capmapctl status")->callback([&line] {
    line.command = [&line](const Screen& screen) { return show_status(line.connection, screen); };
  });
}

void add_store(CLI::App& app, Line& line) {
  const auto on_file = [&line](Result<Done> (*command)(const ApiConnection&, const Screen&, const std::string&)) {
    return [&line, command] {
      line.offline = true;
      line.command = [&line, command](const Screen& screen) { return command(line.connection, screen, line.file); };
    };
  };
  auto* backup = add_command(app, "backup", "copy the controller's database of this machine to a file, also while it runs",
                             "  capmapctl backup /backups/capmap-2026-11-23.db");
  backup->add_option("FILE", line.file, "new file; one that is there is not overwritten")->required();
  backup->callback(on_file(back_up_store));
  auto* restore = add_command(app, "restore", "put a backup in the place of the database; the controller must be stopped",
                              "  systemctl stop capmap-controller\n"
                              "  capmapctl restore /backups/capmap-2026-11-23.db\n"
                              "  systemctl start capmap-controller");
  restore->add_option("FILE", line.file, "made by capmapctl backup")->required();
  restore->callback(on_file(restore_store_from));
  auto* store = add_command(app, "store", "the controller's database on this machine", "  capmapctl store check");
  store->require_subcommand(1);
  auto* check = add_command(*store, "check", "look through all of the database, or of a backup",
                            "  capmapctl store check\n  capmapctl store check /backups/capmap-2026-11-23.db");
  check->add_option("FILE", line.file, "default: store.db in the state folder");
  check->callback(on_file(check_store));
}

void describe(CLI::App& app, Line& line, const std::string& version) {
  app.fallthrough();  // global flags may stand behind a command too
  app.set_version_flag("--version", "capmapctl " + version);
  app.footer(std::string("capmapctl COMMAND --help shows examples.\n") + kExits);
  app.add_option("--url", line.connection.url, "where the controller's API is")->envname("CAPMAP_URL")->capture_default_str();
  app.add_flag("--json", line.json, "the API's JSON instead of tables");
  app.add_option("--state", line.connection.state, "the controller's state folder on this machine")->capture_default_str();
  app.add_option("--token-file", line.connection.token_file, "file of the admin token; default: admin.token in the state folder");
  app.add_option("--timeout", line.timeout_s, "seconds to wait for an answer")->check(CLI::Range(1, 600))->capture_default_str();
  add_init(app, line);
  add_token(app, line);
  add_sites(app, line);
  add_regions(app, line);
  add_nodes(app, line);
  add_map(app, line);
  add_status(app, line);
  add_store(app, line);
}

CtlExit exit_of(const Error& error, bool offline) {
  if (offline) {
    if (error.code == ErrorCode::kAbsent) return CtlExit::kNotFound;
    return error.code == ErrorCode::kDenied ? CtlExit::kRefused : CtlExit::kFailed;
  }
  switch (error.code) {
    case ErrorCode::kAbsent: return CtlExit::kNotFound;
    case ErrorCode::kDenied: return CtlExit::kRefused;
    case ErrorCode::kTimeout:
    case ErrorCode::kUnavailable: return CtlExit::kUnreachable;
    case ErrorCode::kMalformed:
    case ErrorCode::kFull: break;
  }
  return CtlExit::kFailed;
}

}  // namespace

CtlExit run_ctl(const std::vector<std::string>& arguments, const std::string& version, std::ostream& out, std::ostream& err,
                bool terminal) {
  Line line;
  CLI::App app("capmapctl: the capacity map from the command line", "capmapctl");
  describe(app, line, version);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them last first
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem, out, err) == 0 ? CtlExit::kDone : CtlExit::kUsage;
  }
  if (!line.command) {
    err << "capmapctl: a command is needed; capmapctl --help lists them\n";
    return CtlExit::kUsage;
  }
  line.connection.timeout_ms = line.timeout_s * 1'000;
  const auto done = line.command(Screen{.out = out, .json = line.json, .terminal = terminal});
  if (done) return CtlExit::kDone;
  err << "capmapctl: " << printable(done.error().what) << "\n";
  return exit_of(done.error(), line.offline);
}

}  // namespace capmap
