#include <CLI/CLI.hpp>
#include <array>
#include <memory>

#include "common/clock.hpp"
#include "controller/ctl/cli_line.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/ctl/find.hpp"

namespace capmap {

CLI::App* add_command(CLI::App& parent, const char* name, const char* what, const std::string& examples) {
  CLI::App* command = parent.add_subcommand(name, what);
  command->footer("examples:\n" + examples + "\n" + kExits);
  return command;
}

void refuse_endless_output(const Line& line, bool endless) {
  if (endless && (line.output == "csv" || line.output == "yaml"))
    throw CLI::ValidationError("-o", "what goes on has no end: leave it out, or json");
}

namespace {

void add_map(CLI::App& app, Line& line) {
  auto* map =
      add_command(app, "map", "the capacity map: what there is, what is free, how old that is",
                  "  capmapctl map\n"
                  "  capmapctl map --by region_2\n"
                  "  capmapctl map --by site,cpu_model --json\n"
                  "  capmapctl map --by region_2 --measure declared\n"
                  "  capmapctl map --by region_2 --at 2026-11-01T00:00:00Z\n"
                  "  capmapctl map --by region_2 --since 30d\n"
                  "  capmapctl map --by site --filter 'region_2 in (11, 31) and has(accelerator memory_gib >= 80)'\n"
                  "  capmapctl map --by region_2 --filter 'accelerators = 8 and rdma_nics > 0'\n"
                  "dimensions: region, region_2 (division), region_4 (prefecture), site, owner_class, compute_class,\n"
                  "            service, security_level, hub, hub_cluster, industry, public_compute, pool, architecture, cpu_model,\n"
                  "            accelerator_vendor, accelerator_model, accelerator_kind, hardware, liveness, service_state, verdict");
  map->add_option("--by", line.question.by, "group by dimensions, comma between");
  map->add_option("--filter", line.question.filter, "only what fulfils a condition, see capmapctl(1)");
  map->add_option("--measure", line.question.measure, "declared: what sites declare beside what is installed; with --json any of /v1/map");
  auto moments = std::make_shared<std::array<std::string, 2>>();  // at, since
  map->add_option("--at", (*moments)[0], "the map as it was: 2026-11-22T21:00:00Z, 2026-11-22, or 3d ago");
  map->add_option("--since", (*moments)[1], "what has come and gone since then, group by group");
  map->add_option("--chips", line.question.chips, "re-state the past with this chip table; history spans lists those that are kept");
  map->callback([&line, moments] {
    const auto now_unix_ms = SystemClock().unix_ms();
    for (auto& moment : *moments) {
      if (moment.empty()) continue;
      const auto parsed = parse_moment(&moment == moments->data() ? "--at" : "--since", moment, now_unix_ms);
      if (!parsed) throw CLI::ValidationError("map", parsed.error().what);
      moment = *parsed;
    }
    line.question.at = (*moments)[0];
    if (!line.question.chips.empty() && line.question.at.empty() && (*moments)[1].empty()) {
      throw CLI::ValidationError("--chips", "re-states the past: it needs --at or --since");
    }
    if (!line.question.chips.empty() && line.question.at.empty())
      line.question.at = *parse_moment("--at", "1s", now_unix_ms);  // not the live map
    if (!line.question.measure.empty() && line.question.measure != "declared" && !line.wants_json()) {
      throw CLI::ValidationError("--measure", "tables show all measures, or declared alone; --json takes any");
    }
    line.command = [&line, since = (*moments)[1]](const Screen& screen) {
      return since.empty() ? show_map(line.connection, screen, line.question) : show_growth(line.connection, screen, line.question, since);
    };
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

void add_output(CLI::App& app, Line& line) {
  app.add_option("-o,--output", line.output, "table, wide (all columns, nothing shortened), json (the API's own), csv or yaml")
      ->check(CLI::IsMember({"table", "wide", "json", "csv", "yaml"}))
      ->capture_default_str();
  app.add_flag("--json", line.json, "the same as -o json");
  app.add_flag("--watch{2}", line.watch_s, "again each 2 s, or --watch=SECONDS, until stopped; only commands that change nothing")
      ->check(CLI::Range(1, 86'400))
      ->option_text("[=SECONDS]");
  app.add_flag("--no-pager", line.no_pager, "do not show long answers by a pager (CAPMAP_PAGER, PAGER, less)");
}

}  // namespace

void add_flags(CLI::App& app, Line& line) {
  app.add_option("--url", line.connection.url, "where the controller's API is")->envname("CAPMAP_URL")->capture_default_str();
  app.add_option("--profile", line.profile, "a controller by the name it has in profiles.toml")->envname("CAPMAP_PROFILE");
  add_output(app, line);
  app.add_option("--state", line.connection.state, "the controller's state folder on this machine")->capture_default_str();
  app.add_option("--token-file", line.connection.token_file,
                 "file of a token; default: the one of capmapctl login, else admin.token in the state folder")
      ->envname("CAPMAP_TOKEN_FILE");
  app.add_option("--tls-ca", line.connection.tls_ca, "file of certificates to trust instead of the system's")->envname("CAPMAP_TLS_CA");
  app.add_option("--tls-fingerprint", line.connection.tls_fingerprint,
                 "trust the server by the SHA-256 of its public key alone, as init shows it")
      ->envname("CAPMAP_TLS_FINGERPRINT");
  app.add_option("--timeout", line.timeout_s, "seconds to wait for an answer")->check(CLI::Range(1, 600))->capture_default_str();
}

void describe(CLI::App& app, Line& line, const std::string& version) {
  app.fallthrough();  // global flags may stand behind a command too
  app.set_version_flag("--version", "capmapctl " + version);
  app.footer(std::string("capmapctl COMMAND --help shows examples.\n") + kExits);
  add_flags(app, line);
  add_init(app, line);
  add_token(app, line);
  add_keys(app, line);
  add_sites(app, line);
  add_places(app, line);
  add_regions(app, line);
  add_nodes(app, line);
  add_export(app, line);
  add_map(app, line);
  add_history(app, line);
  add_events(app, line);
  add_reports(app, line);
  add_find(app, line);
  add_sql(app, line);
  add_orders(app, line);
  add_chip_commands(app, line);
  add_resolve(app, line);
  add_status(app, line);
  add_store(app, line);
  add_doctor(app, line);
  add_access(app, line);
  add_believing(app, line);
  add_config(app, line);
  add_profiles(app, line);
  add_completion(app, line);
}

}  // namespace capmap
