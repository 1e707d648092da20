#pragma once
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "common/join_token.hpp"
#include "common/transport.hpp"
#include "controller/history_thread.hpp"
#include "controller/http/http.hpp"
#include "controller/password_thread.hpp"
#include "controller/requests.hpp"
#include "tests/support/catalog_chips.hpp"
#include "tests/support/catalog_descriptors.hpp"
#include "tests/support/catalog_regions.hpp"
#include "tests/support/joining_world.hpp"
#include "tests/support/past_world.hpp"
#include "tests/support/small_view.hpp"
#include "tests/support/world_answers.hpp"

namespace capmap::support {

inline constexpr ControllerId kOwnController{{7}}, kChildController{{8}};
inline constexpr ShapeId kSentShape{{9}};  ///< that agents sent; of the hardware of number 1
inline constexpr const char* kAdminToken = "the-admin-token-of-the-test";

/// A clock that tests move while threads read it.
class SharedClock final : public Clock {
 public:
  [[nodiscard]] std::uint64_t boot_ms() const override { return boot_ms_; }
  [[nodiscard]] std::uint64_t unix_ms() const override { return boot_ms_ + 1'790'000'000'000; }
  void advance_ms(std::uint64_t step) { boot_ms_ += step; }

 private:
  std::atomic<std::uint64_t> boot_ms_{1'000'000};
};

/// What an admin thread answers: node 99 is not known; a site or pool is answered by its name.
inline AdminChange admin_change(const decltype(AdminRequest::what)& what) {
  if (const auto* import = std::get_if<ImportRecords>(&what)) return import_change(*import);
  if (const auto* joining = std::get_if<JoiningRequest>(&what)) return joining_change(*joining);
  if (const auto* chips = std::get_if<ChangeChips>(&what)) {
    return ChipsChanged{.before_version = "7",
                        .version = "7-0a",
                        .digest = "d",
                        .changes = {},
                        .effects = {},
                        .dry_run = chips->dry_run,
                        .others = !chips->expect.empty()};
  }
  const Error no_node{ErrorCode::kAbsent, "no such node"};
  const NodeId stranger{{99}};
  if (const auto* group = std::get_if<OrderGroupService>(&what)) {
    GroupServiceOrdered ordered{.site = {}, .pool = {}, .order = group->order};
    ordered.site.name = group->site;
    if (!group->pool.empty()) ordered.pool = Pool{};
    const bool absent = group->site == "absent" || group->pool == to_text(PoolId{{99}});
    return absent ? AdminChange(Error{ErrorCode::kAbsent, "not there"}) : AdminChange(ordered);
  }
  if (const auto* move = std::get_if<MoveNode>(&what)) {
    KnownNode node;
    node.id = move->node;
    return move->node == stranger ? AdminChange(no_node) : NodeMoved{node};
  }
  if (const auto* labels = std::get_if<LabelNode>(&what)) {
    return labels->node == stranger ? AdminChange(no_node) : NodeLabelled{.node = labels->node, .labels = labels->labels};
  }
  if (const auto* service = std::get_if<OrderService>(&what)) {
    return service->node == stranger ? AdminChange(no_node) : ServiceOrdered{.node = service->node, .order = service->order};
  }
  if (const auto* pool = std::get_if<AssignPool>(&what)) {
    KnownNode node;
    node.id = pool->node;
    if (!pool->pool.empty()) node.pool = PoolId{{7}};
    return pool->node == stranger ? AdminChange(no_node) : PoolAssigned{node};
  }
  if (const auto* removed = std::get_if<RemoveNode>(&what)) {
    KnownNode node;
    node.id = removed->node;
    return removed->node == stranger ? AdminChange(no_node) : NodeRemoved{node};
  }
  if (const auto* pool = std::get_if<AddPool>(&what)) {
    if (pool->pool.name == "exists") return Error{ErrorCode::kDenied, "name: is already there"};
    if (pool->site == "absent") return Error{ErrorCode::kAbsent, "site: no such site"};
    return pool->pool;
  }
  if (const auto* edit = std::get_if<EditSite>(&what)) {
    if (edit->site == "absent") return Error{ErrorCode::kAbsent, "no such site"};
    SiteEdited edited{.site = {}, .changes = {}, .digest = "d1"};
    edited.site.name = edit->site;
    for (const auto& [column, text] : edit->texts) edited.changes.push_back({.column = column, .before = {}, .after = text});
    const bool other = !edit->expect.empty() && edit->expect != edited.digest;
    edited.end = edit->dry_run ? SiteEdited::End::kShown : other ? SiteEdited::End::kOtherThanShown : SiteEdited::End::kApplied;
    return edited;
  }
  if (const auto* declare = std::get_if<DeclareSite>(&what)) {
    if (declare->site == "absent") return Error{ErrorCode::kAbsent, "no such site"};
    Site site;
    site.name = declare->site;
    site.declared = declare->declared;
    return SiteDeclared{site};
  }
  if (const auto* code = std::get_if<CodeSite>(&what)) {
    if (code->site == "absent") return Error{ErrorCode::kAbsent, "no such site"};
    Site site;
    site.name = code->site;
    site.codes = code->codes;
    return SiteCoded{site};
  }
  if (const auto* settle = std::get_if<SettleClone>(&what)) {
    return settle->node == stranger ? AdminChange(no_node) : CloneSettled{.node = settle->node, .keep_run = settle->keep_run};
  }
  if (const auto* import = std::get_if<ImportRegions>(&what)) {
    const auto now = RegionTable::with_list(import->catalog, import->list);
    if (!now) return now.error();
    RegionsImported imported{.list = import->list, .rows = import->list.rows.size(), .dry_run = import->dry_run, .changed = true};
    imported.changes = changes_between(*import->catalog, *now);
    return imported;
  }
  if (auto access = access_change(what)) return *access;
  const auto* add = std::get_if<AddSite>(&what);
  const std::string name = add != nullptr ? add->site.name : std::get<CreateToken>(what).site;
  if (name == "exists") return Error{ErrorCode::kDenied, "name: is already there"};
  if (name == "broken") return Error{ErrorCode::kUnavailable, "the store is away"};
  if (name == "full") return Error{ErrorCode::kFull, "no space left"};
  if (name == "absent") return Error{ErrorCode::kAbsent, "site: no such site"};
  if (add != nullptr) return add->site;
  const auto& token = std::get<CreateToken>(what);
  return CreatedToken{.text = "cmt1.secret", .site_name = name, .uses = token.uses, .expires_unix_ms = token.expires_unix_ms};
}

/// The http thread on a free port, with a map thread that hands out ten nodes in chunks of four and an admin thread that answers by
/// the name it is asked for: "exists", "broken", "full", "absent" fail as they say, "late" waits until let go. Ends with its scope.
class HttpWorld {
 public:
  /// history: a folder for a history thread as a controller has it; empty: one that has samples of the last two hours, and no past.
  explicit HttpWorld(const std::string& admin_token = kAdminToken, const std::string& address = "127.0.0.1",
                     const std::string& history = {}) {
    HttpOptions options;
    options.history = "inproc://history";
    if (history.empty()) {
      history_ = std::thread([this] { play_history(); });
    } else {
      history_ = std::thread([this, kept = History::open(test::history_options(history))]() mutable {
        check(kept.ok(), "no history can be kept in the folder of the test");
        static_cast<void>(run_history(context_, std::move(*kept), clock, view, history_metrics));
      });
    }
    options.address = address;
    options.port = 0;
    options.version = "9.8.7";
    options.controller_id = to_text(kOwnController);
    options.passwords = "inproc://passwords";
    options.sql = SqlWorkers::pipes();
    passwords_ = std::thread([this] { static_cast<void>(run_passwords(context_, "inproc://passwords", "inproc://http")); });
    if (!admin_token.empty()) options.admin_token_hash = secret_hash(admin_token);
    std::promise<Result<std::uint16_t>> ready;
    auto bound = ready.get_future();
    map_ = std::thread([this] { run_map_thread(); });
    admin_ = std::thread([this] { run_admin_thread(); });
    http_ = std::thread([this, options, &ready] {
      ended_ = run_http(context_, options, {view, {&metrics}, clock, nullptr, &access}, ready).ok();
    });
    const auto got = bound.get();
    if (got) port = *got;
    if (!got) problem = got.error();
    std::this_thread::yield();
  }
  ~HttpWorld() {
    stop_http();
    stop("inproc://map_queries");
    stop("inproc://admin");
    stop("inproc://history");
    stop("inproc://passwords");
    passwords_.join();
    history_.join();
    map_.join();
    admin_.join();
  }
  /// Asks the http thread to end and waits for it.
  void stop_http() {
    if (!http_.joinable()) return;
    if (port != 0) stop("inproc://http");
    http_.join();
  }
  [[nodiscard]] bool ended_well() const { return ended_; }

  Published<MapView> view;
  Published<AccessTable> access;
  Published<Metrics> metrics, history_metrics;
  SharedClock clock;
  std::uint16_t port = 0;
  Error problem;
  std::atomic<bool> map_silent{false};
  std::atomic<bool> let_late_go{false};
  std::atomic<unsigned> queries{0}, changes{0};

 private:
  void stop(const char* pipe) {
    auto push = open_push(context_, pipe);
    send_stop(*push);
  }
  void run_map_thread() {
    auto in = open_pull(context_, "inproc://map_queries");
    auto out = open_push(context_, "inproc://http");
    for (;;) {
      auto query = receive_object<NodeQuery>(*in, -1);
      if (!query || !*query) return;
      ++queries;
      if (map_silent) continue;
      if ((*query)->parts && answer_parts(context_, **query, node_row)) continue;
      NodeAnswer answer{.ticket = (*query)->ticket, .rows = {}, .chunk_count = 3};
      if ((*query)->shape == kSentShape) answer.hardware = 1;
      if ((*query)->child == kChildController)
        answer.child = ChildRow{.id = kChildController, .name = "child", .sites = {SiteId{{1}}}, .nodes = 4};
      for (std::uint8_t i = 0; i < 10; ++i) {
        auto row = node_row(i);
        const bool asked_for = (*query)->id ? row.id == *(*query)->id : (*query)->chunk == i / 4U;
        const auto& selection = (*query)->selection;
        if (asked_for && selection) ++selection->looked_at;
        const bool kept = !selection || (answer.rows.size() != selection->most && selection->keeps(row) && selection->keeps_noted(row));
        if (asked_for && !kept) continue;
        if ((*query)->resolve && i == 4) row.child = kChildController;
        if (asked_for) answer.rows.push_back(std::move(row));
      }
      static_cast<void>(send_object(*out, std::make_unique<HttpInput>(std::move(answer))));
    }
  }
  /// With two hours of samples of the view that is there when it is asked first.
  void play_history() {
    auto in = open_pull(context_, "inproc://history");
    auto out = open_push(context_, "inproc://http");
    auto database = Database::open(":memory:", Database::Mode::kCreate);
    auto samples = SampleStore::open(*database);
    for (;;) {
      auto request = receive_object<HistoryRequest>(*in, -1);
      if (!request || !*request) return;
      ++queries;
      if (map_silent) continue;
      HistoryAnswer answer{.ticket = (*request)->ticket, .what = Error{ErrorCode::kUnavailable, "this controller keeps no past"}};
      if (const auto* usage = std::get_if<UsageQuestion>(&(*request)->what)) {
        if (samples->counts().appended == 0) fill(*samples);
        auto series = samples->read(*usage);
        if (series) answer.what = std::move(*series);
        if (!series) answer.what = series.error();
      }
      static_cast<void>(send_object(*out, std::make_unique<HttpInput>(std::move(answer))));
    }
  }
  void fill(SampleStore& samples) const {
    const auto seen = view.take();
    for (std::uint64_t ago = 120; seen && ago > 0; --ago) {
      const auto at = clock.unix_ms() / kMinuteMs * kMinuteMs - ago * kMinuteMs;
      static_cast<void>(samples.append(Grain::kRegionMinute, sample_regions(*seen, at)));
      if (ago % 15 == 0) static_cast<void>(samples.append(Grain::kSiteQuarter, sample_sites(*seen, at)));
      static_cast<void>(samples.tidy());
    }
  }
  void run_admin_thread() {
    auto in = open_pull(context_, "inproc://admin");
    auto out = open_push(context_, "inproc://http");
    std::vector<std::unique_ptr<AdminRequest>> late;
    for (;;) {
      auto request = receive_object<AdminRequest>(*in, 5);
      if (request && !*request) return;
      if (request) {
        if ((*request)->ticket != 0) ++changes;
        late.push_back(std::move(*request));
      }
      for (auto& each : late) {
        const auto* add = each ? std::get_if<AddSite>(&each->what) : nullptr;
        const auto* token = each ? std::get_if<CreateToken>(&each->what) : nullptr;
        const bool waits = (add != nullptr && add->site.name == "late") || (token != nullptr && token->site == "late");
        if (!each || (waits && !let_late_go)) continue;
        AdminAnswer answer{.ticket = each->ticket, .what = admin_change(each->what)};
        if (each->ticket != 0) static_cast<void>(send_object(*out, std::make_unique<HttpInput>(std::move(answer))));
        each.reset();
      }
    }
  }

  zmq::context_t context_;
  SqlWorkers sql_{context_, clock, view};
  std::atomic<bool> ended_{false};
  std::thread http_, map_, admin_, history_, passwords_;
};

}  // namespace capmap::support
