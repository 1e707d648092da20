#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "common/catalog_folder.hpp"
#include "common/descriptor_table.hpp"
#include "common/ids.hpp"
#include "common/join_token.hpp"
#include "common/libraries.hpp"
#include "common/log.hpp"
#include "common/region_table.hpp"
#include "common/sd_notify.hpp"
#include "common/watchdog.hpp"
#include "controller/alerts_thread.hpp"
#include "controller/enrol.hpp"
#include "controller/history/history.hpp"
#include "controller/history_thread.hpp"
#include "controller/http/exposure.hpp"
#include "controller/http/http.hpp"
#include "controller/ingest.hpp"
#include "controller/map_thread.hpp"
#include "controller/password_thread.hpp"
#include "controller/pipes.hpp"
#include "controller/process.hpp"
#include "controller/restore.hpp"
#include "controller/settings.hpp"
#include "controller/sql/sql_memory.hpp"
#include "controller/sql_thread.hpp"
#include "controller/store/revocations.hpp"
#include "controller/store/state_folder.hpp"
#include "controller/store_thread.hpp"
#include "controller/zap.hpp"

namespace capmap {
namespace {

/// Says why the program cannot go on and ends it. What must last is on disk already, so nothing is lost by ending here and now.
[[noreturn]] void give_up(const Error& error) {
  log_error("stopping", {{"code", to_word(error.code)}, {"what", error.what}});
  std::fflush(stderr);
  std::_Exit(1);
}

template <class T>
T value_or_give_up(Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(*result);
}

/// A thread whose failure ends the program with its reason.
template <class Body>
std::thread start(const char* name, Body body) {
  return std::thread([name, body = std::move(body)]() mutable {
    const Result<Done> end = body();
    if (!end) give_up(Error{end.error().code, std::string(name) + ": " + end.error().what});
  });
}

struct Parts {
  GateOptions gate;
  std::shared_ptr<const TlsPair> tls;  ///< null: plain HTTP
  ServerKeys keys;
  std::string admin_token, webhook_secret;
  StoreInCheck opened;
  std::shared_ptr<const ChipTable> chips;
  std::shared_ptr<const RegionTable> regions;
  std::unique_ptr<History> history;
  std::shared_ptr<const DescriptorTable> descriptors;
};

/// An operator's rows that a newer catalog does not take (its columns may be others) must not keep the map from coming up.
std::shared_ptr<const ChipTable> load_chips(const std::string& catalog, const OwnChips& own) {
  auto table = ChipTable::load(catalog, &own);
  if (!table && own != OwnChips{}) {
    log_error("own_chips_left_out", {{"what", table.error().what}, {"fix", "capmapctl chips add with rows that the catalog takes"}});
    const OwnChips none;
    table = ChipTable::load(catalog, &none);
  }
  return std::make_shared<const ChipTable>(value_or_give_up(std::move(table)));
}

/// Everything that can be wrong with settings and files is found before a thread runs.
Parts load_parts(const ControllerSettings& settings) {
  Parts parts;
  parts.gate = value_or_give_up(read_gate(settings));
  parts.tls = value_or_give_up(read_tls(settings));
  parts.admin_token = value_or_give_up(load_admin_token(settings.state));
  parts.webhook_secret = value_or_give_up(load_webhook_secret(settings.webhook_url, settings.webhook_secret_file));
  parts.keys = value_or_give_up(open_server_keys(settings.state));
  parts.opened = value_or_give_up(open_store_in_check(settings.state, NoStore::kRefuse));
  const auto catalog = value_or_give_up(find_catalog(settings.catalog));
  parts.chips = load_chips(catalog, value_or_give_up(parts.opened.store->own_chips()));
  parts.regions = std::make_shared<const RegionTable>(value_or_give_up(RegionTable::load(catalog)));
  parts.history = value_or_give_up(History::open({.state_folder = settings.state,
                                                  .write_every_ms = settings.history_write_every_s * std::uint64_t{1'000},
                                                  .keep_days = settings.history_keep_days,
                                                  .catalog_folder = catalog,
                                                  .chips = parts.chips}));
  parts.descriptors = std::make_shared<const DescriptorTable>(value_or_give_up(DescriptorTable::load(catalog)));
  return parts;
}

ServerKeyPolicy server_key_policy(const ControllerSettings& settings) {
  constexpr std::uint64_t kDayMs = 86'400'000;
  return {.max_age_ms = settings.server_key_max_age_days * kDayMs,
          .window_ms = settings.server_key_window_days * kDayMs,
          .old_ms = settings.server_key_old_days * kDayMs,
          .move_ms = settings.server_key_move_s * std::uint64_t{1'000},
          .hear_ms = settings.interval_ms * std::uint64_t{3} + 5'000};
}

/// The controller's own id. A store of before there was one is given it now, after its check; where it cannot be written, the controller
/// runs without one until the next start.
std::string own_id(Parts& parts) {
  auto id = value_or_give_up(parts.opened.store->controller_id());
  if (id) return to_text(*id);
  if (parts.opened.checked.valid()) value_or_give_up(parts.opened.checked.get());
  const auto made = parts.opened.store->make_controller_id();
  if (!made) log_warn("controller_id_not_kept", {{"what", made.error().what}});
  return made ? to_text(*made) : std::string();
}

/// Before the first key is let in: what was revoked after the moment of a backup stays so.
Result<Done> know_revoked_keys(Parts& parts, const std::string& state, const Clock& clock) {
  const auto check = [&parts]() -> Result<Done> { return parts.opened.checked.valid() ? parts.opened.checked.get() : Done{}; };
  const auto merged = merge_revocations(*parts.opened.store, revocations_path(state), clock.unix_ms(), check);
  if (!merged) return merged.error();
  if (*merged > 0) log_warn("keys_revoked_again", {{"count", *merged}, {"why", "the database did not know them: it was restored"}});
  return Done{};
}

int run(const ControllerSettings& settings) {
  value_or_give_up(count_sqlite_memory());  // before any database is opened
  keep_freed_memory();
  set_scheduling(SCHED_BATCH);
  const sigset_t stop_signals = block_stop_signals();
  const auto most_connections = raise_descriptor_limit(settings.most_connections);
  const SystemClock clock;
  const auto started_ms = clock.boot_ms();
  Parts parts = load_parts(settings);
  const MapOptions map_options{.epoch = random_u64(),
                               .interval_ms = settings.interval_ms,
                               .max_nodes = settings.max_nodes,
                               .max_child_nodes = settings.max_child_nodes,
                               .regions = parts.regions,
                               .descriptors = parts.descriptors,
                               .declared_binds = settings.believe_declared == kDeclaredWords[1],
                               .contradicted = settings.believe_contradicted == kBelieveWords[0] ? Believe::kCount : Believe::kExclude};
  zmq::context_t context(1), strangers(1);
  Published<MapView> view;
  Published<Metrics> zap_metrics, strangers_metrics, ingest_metrics, enrol_metrics, map_metrics, store_metrics, history_metrics,
      alerts_metrics;
  Published<StoreHealth> store_health;
  Published<AccessTable> access;
  Published<TlsPair> tls;
  tls.publish(parts.tls);
  if (parts.tls) tell_tls(*parts.tls, clock.unix_ms());

  value_or_give_up(know_revoked_keys(parts, settings.state, clock));
  auto engine = std::make_shared<CapacityMap>(map_options, parts.chips, clock.boot_ms());
  auto restored = restore(*parts.opened.store, *engine, clock);
  if (!restored && parts.opened.checked.valid())
    value_or_give_up(parts.opened.checked.get());  // what the check says of the file is the better reason
  if (auto table = parts.opened.store->access()) access.publish(std::make_shared<const AccessTable>(std::move(*table)));
  const auto controller_id = restored ? own_id(parts) : std::string();
  ZapOptions zap_options{.keys = kKeysPipe,
                         .known = value_or_give_up(std::move(restored)),
                         .connections = kConnectionsPipe,
                         .most_connections = most_connections};
  const std::size_t known_nodes = engine->view(clock.boot_ms(), clock.unix_ms())->known_nodes;
  log_info("restored", {{"nodes", known_nodes}, {"ms", clock.boot_ms() - started_ms}});

  std::promise<void> zap_ready, strangers_ready;
  auto zap = start("zap", [&, known = std::move(zap_options)] { return run_zap(context, known, zap_ready, zap_metrics); });
  auto strangers_zap =
      start("enrol zap", [&] { return run_zap(strangers, {.keys = "", .allow_any = true}, strangers_ready, strangers_metrics); });
  zap_ready.get_future().wait();
  strangers_ready.get_future().wait();
  auto keys_pipe = value_or_give_up(open_push(context, kKeysPipe));

  Pulses pulses;
  auto map = start("map", [&, engine = std::move(engine)] {
    return run_map(context, std::move(*engine), clock, view, map_metrics, settings.challenges_per_hour, &pulses.map);
  });

  std::promise<Result<std::string>> ingest_ready, enrol_ready;
  const auto listen = [&settings](std::uint32_t port) { return tcp_endpoint(settings.listen_address, static_cast<std::uint16_t>(port)); };
  const auto policy = server_key_policy(settings);
  Published<ServerKeyState> server_keys;
  Published<ServerKeyCensus> census;
  const auto other_port = static_cast<std::uint16_t>(settings.next_port);
  ServerKeyDesk desk({.state_folder = settings.state, .policy = policy, .other_port = other_port, .state = server_keys, .census = census},
                     parts.keys, clock.boot_ms());
  const IngestOptions ingest_options{
      .endpoint = listen(settings.message_port),
      .keys = parts.keys.current,
      .connections = kConnectionsPipe,
      .pulse = &pulses.ingest,
      .ports = {.other_endpoint = listen(settings.next_port), .hear_ms = policy.hear_ms, .state = &server_keys, .census = &census}};
  auto ingest = start("ingest", [&] { return run_ingest(context, ingest_options, clock, ingest_ready, ingest_metrics); });
  const std::string messages = value_or_give_up(ingest_ready.get_future().get());

  const EnrolOptions enrol_options{.endpoint = listen(settings.enrol_port),
                                   .keys = parts.keys.enrolment,
                                   .joins_per_address_a_s = settings.joins_per_address_a_s,
                                   .joins_a_s = settings.joins_a_s,
                                   .server_keys = &server_keys,
                                   .other_port = other_port};
  auto enrol = start("enrol", [&] { return run_enrol(context, strangers, enrol_options, clock, enrol_ready, enrol_metrics); });
  const std::string joins = value_or_give_up(enrol_ready.get_future().get());

  const TokenMaking making{.advertise_host = settings.advertise_host.empty() ? host_name() : settings.advertise_host,
                           .enrol_port = port_of(joins),
                           .message_port = port_of(messages),
                           .next_port = other_port,
                           .server_public_key = parts.keys.enrolment.public_key,
                           .revocations = revocations_path(settings.state)};
  const HttpOptions http_options{.address = settings.http_address,
                                 .port = static_cast<std::uint16_t>(settings.http_port),
                                 .admin_token_hash = secret_hash(parts.admin_token),
                                 .input = kHttpPipe,
                                 .map = kMapQueryPipe,
                                 .admin = kAdminPipe,
                                 .history = kHistoryPipe,
                                 .version = CAPMAP_VERSION,
                                 .controller_id = controller_id,
                                 .passwords = kPasswordPipe,
                                 .sql = {kSqlPipes.begin(), kSqlPipes.end()},
                                 .gate = parts.gate};
  const HttpSources http_sources{
      .view = view,
      .metrics = {&zap_metrics, &ingest_metrics, &enrol_metrics, &store_metrics, &map_metrics, &history_metrics, &alerts_metrics},
      .clock = clock,
      .store = &store_health,
      .access = &access,
      .tls = parts.tls ? &tls : nullptr,
      .pulse = &pulses.http};
  std::promise<Result<std::uint16_t>> http_ready;
  auto http = start("http", [&] {
    set_scheduling(SCHED_OTHER);  // somebody waits for the answer
    return run_http(context, http_options, http_sources, http_ready);
  });
  const auto http_port = value_or_give_up(http_ready.get_future().get());

  auto passwords = start("passwords", [&] { return run_passwords(context, kPasswordPipe, kHttpPipe); });
  std::atomic<bool> sql_stops = false;
  std::vector<std::thread> sql;
  for (std::uint8_t i = 0; i < kSqlWorkers; ++i) {
    const SqlWorkerOptions options{.number = i, .chips = parts.chips, .stop = &sql_stops};
    sql.push_back(start("sql", [&context, options, &clock, &view] { return run_sql_worker(context, options, clock, view); }));
  }
  auto history = start("history", [&] { return run_history(context, std::move(parts.history), clock, view, history_metrics); });

  const AlertOptions alert_options{.webhook_url = settings.webhook_url,
                                   .webhook_secret = parts.webhook_secret,
                                   .controller_id = controller_id,
                                   .epoch = map_options.epoch};
  auto alerts = start("alerts", [&] { return run_alerts(context, alert_options, clock, view, store_health, alerts_metrics); });

  if (parts.opened.checked.valid())
    value_or_give_up(parts.opened.checked.get());  // nothing is promised, nor written, before; but the map can be read meanwhile
  auto store = start("store", [&] {
    return run_store(context, making, std::move(parts.opened.store), clock, store_health, store_metrics, &access, &desk);
  });
  log_info("started", {{"version", CAPMAP_VERSION},
                       {"controller", controller_id},
                       {"messages", messages},
                       {"enrol", joins},
                       {"http", (parts.tls ? "https://" : "http://") + settings.http_address + ":" + std::to_string(http_port)},
                       {"known_nodes", known_nodes}});

  notify_systemd("READY=1\nSTATUS=" + std::to_string(known_nodes) + " nodes known at the start");
  int signal_number = SIGHUP;
  while (signal_number == SIGHUP) {
    signal_number = wait_for_signal(stop_signals, pulses, clock);
    if (signal_number == SIGHUP) reload_tls(settings, tls, clock.unix_ms());
  }
  notify_systemd("STOPPING=1");
  sql_stops = true;
  log_info("stopping", {{"signal", signal_number}});
  auto admin_pipe = value_or_give_up(open_push(context, kAdminPipe));
  auto enrol_pipe = value_or_give_up(open_push(context, kEnrolPipe));
  auto history_pipe = value_or_give_up(open_push(context, kHistoryPipe));
  auto alerts_pipe = value_or_give_up(open_push(context, kAlertsPipe));
  auto password_pipe = value_or_give_up(open_push(context, kPasswordPipe));
  auto ingest_pipe = value_or_give_up(open_push(context, kIngestPipe));
  send_stop(enrol_pipe);
  enrol.join();
  send_stop(admin_pipe);  // nothing new is promised
  store.join();
  send_stop(ingest_pipe);  // ingest ▶ map ▶ http: what was accepted is applied and seen
  ingest.join();
  map.join();
  send_stop(history_pipe);  // it has seen the last view
  history.join();
  send_stop(alerts_pipe);
  alerts.join();
  http.join();
  send_stop(password_pipe);
  passwords.join();
  for (std::size_t i = 0; i < sql.size(); ++i) {
    auto sql_pipe = value_or_give_up(open_push(context, kSqlPipes[i]));
    send_stop(sql_pipe);
    sql[i].join();
  }
  send_stop(keys_pipe);
  zap.join();
  strangers.shutdown();
  strangers_zap.join();
  return 0;
}

}  // namespace
}  // namespace capmap

int main(int argc, char** argv) {
  using namespace capmap;
  prctl(PR_SET_DUMPABLE, 0);  // secret keys are in no core dump, and no other process of this account reads them
  std::string printed;
  const auto line = read_command_line({argv + 1, argv + argc}, printed);
  if (!line) {
    std::fprintf(stderr, "capmap-controller: %s\n", line.error().what.c_str());
    return 2;
  }
  if (line->help || line->version || line->print_config) {
    std::fputs(line->help ? controller_help().c_str() : line->version ? "capmap-controller " CAPMAP_VERSION "\n" : printed.c_str(), stdout);
    return 0;
  }
  if (auto log = start_log(line->settings.log_level); !log) {
    std::fprintf(stderr, "capmap-controller: %s\n", log.error().what.c_str());
    return 2;
  }
  if (auto usable = check_libraries(); !usable) {
    std::fprintf(stderr, "capmap-controller: %s\n", usable.error().what.c_str());
    return 1;
  }
  return run(line->settings);
}
