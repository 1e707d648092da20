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

/// Two sites (one declared, one not), one hardware row with a rated CPU and unrated accelerators; three fresh nodes in one, one lost
/// node in the other, one node whose hardware is not known.
inline std::shared_ptr<MapView> small_view(std::uint64_t at_boot_ms) {
  auto view = std::make_shared<MapView>();
  view->revision = 41;
  view->epoch = 0xABCDEF;
  view->at_boot_ms = at_boot_ms;
  view->at_unix_ms = 1'790'000'000'123;
  view->catalog_version = "7";
  view->known_nodes = 5;
  view->resync_over = true;
  view->regions = catalog_regions();
  view->descriptors = catalog_descriptors();
  view->chips = catalog_chips();
  auto declared = std::make_shared<Site>();
  declared->id.bytes[0] = 1;
  declared->name = "北京 \"one\"";
  declared->region = "110108";
  declared->declared.figures[static_cast<std::size_t>(Declared::kNodes)] = 5;
  declared->declared.figures[static_cast<std::size_t>(Declared::kMemoryBytes)] = 1ULL << 41;
  declared->declared.figures[static_cast<std::size_t>(Declared::kPowerWatts)] = 9'000;
  declared->declared.accelerators_by_model["Example NPU"] = 30;
  auto bare = std::make_shared<Site>();
  bare->id.bytes[0] = 2;
  bare->name = "bare";
  view->sites = {nullptr, declared, bare};

  auto hardware = std::make_shared<HardwareRow>();
  CpuShape& cpu = hardware->shape.cpu;
  cpu.architecture = Architecture::kX86_64;
  cpu.model = "Example 9000";
  cpu.packages = 2;
  cpu.cores = 48;
  cpu.pus = 96;
  hardware->shape.memory_bytes = 1ULL << 40;
  hardware->shape.accelerators = {
      {.kind = AcceleratorKind::kNpu, .vendor_id = 0x19e5, .device_id = 0xd802, .memory_bytes = 1ULL << 36, .count = 8}};
  hardware->shape.disks = {{.media = Media::kNvme, .model = "M1", .bytes = 3'840'000'000'000, .count = 2},
                           {.media = Media::kHdd, .model = {}, .bytes = std::nullopt, .count = 1}};
  hardware->shape.nics = {{.type = NicType::kRoce, .speed_mbps = 100'000, .rdma = true, .count = 2}};
  hardware->accelerator_names = {"Example NPU"};
  hardware->peak.cpu[static_cast<std::size_t>(Precision::kFp64)] = 3'000'000;
  hardware->peak.unrated = {{.what = "Example NPU", .why = "not in the chip table", .count = 8}};
  hardware->parts = {.cpu = {}, .devices = {{.entry = {}, .unrated = "not in the chip table"}}};
  view->hardware = {nullptr, hardware};

  Cell fresh;
  fresh.key = {.site = 1, .hardware = 1, .liveness = Liveness::kFresh};
  fresh.nodes = 3;
  fresh.cpu_busy_millicores = {.sum = 30'000, .known = 3};
  fresh.cpu_free_millicores = {.sum = 258'000, .known = 3};
  fresh.power_watts = {.sum = 1'250, .known = 2};
  fresh.accelerators_used = 4;
  fresh.accelerators_free = 20;
  fresh.heard_ms_sum = 3 * (at_boot_ms - 2'000);
  fresh.heard_nodes = 3;
  fresh.oldest_heard_ms = (at_boot_ms - 2'000) / 5'000 * 5'000;
  Cell unknown;
  unknown.key = {.site = 1, .hardware = kNoHardware, .liveness = Liveness::kFresh};
  unknown.nodes = 1;
  Cell lost;
  lost.key = {.site = 2, .hardware = 1, .liveness = Liveness::kLost};
  lost.nodes = 1;
  view->cells = {unknown, fresh, lost};
  view->guests = std::make_shared<const std::vector<GuestInHost>>(1, GuestInHost{.site = 1, .guest = NodeId{{5}}, .host = NodeId{{6}}});
  return view;
}

/// The node of number i, in the site of number 1.
inline NodeRow node_row(std::uint8_t i) {
  NodeRow row;
  row.id.bytes[15] = i;
  row.slot = i % 4U;
  row.site = 1;
  row.hardware = 1;
  row.liveness = i % 2 == 0 ? Liveness::kFresh : Liveness::kLost;
  row.counted = true;
  row.os = i < 4 ? "Debian 12" : "Debian 11";
  row.hostname = "node-" + std::to_string(i) + "\xff";  // names come from outside and need not be UTF-8
  row.last_heard_boot_ms = 999'000;
  row.disk_names = {"nvme0n1", "nvme1n1", "sda"};
  row.accelerator_addresses = {"0000:17:00.0"};
  AcceleratorUse& use = row.usage.accelerators.emplace_back();
  use.pci_address = "0000:17:00.0";
  use.used = true;
  use.busy_permille = 700;
  row.usage.readings.cpu_busy_millicores = 10'000;
  row.cpu_free_millicores = 86'000;
  row.devices.used = 1;
  row.accelerators_use_unknown = 7;
  row.labels = {{"rack", i < 2 ? "r1" : "r2"}};
  if (i == 9) row.labels.clear();
  row.problems = {{.probe = "storage", .what = "sda: no size"}};
  return row;
}

/// What an admin thread answers: node 99 is not known; a site or pool is answered by its name.
inline AdminChange admin_change(const decltype(AdminRequest::what)& what) {
  if (const auto* import = std::get_if<ImportRecords>(&what)) return import_change(*import);
  if (const auto* joining = std::get_if<JoiningRequest>(&what)) return joining_change(*joining);
  if (const auto* chips = std::get_if<ChangeChips>(&what)) {
    return ChipsChanged{.before_version = "7", .version = "7-0a", .digest = "d", .changes = {}, .effects = {}, .dry_run = chips->dry_run,
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
      NodeAnswer answer{.ticket = (*query)->ticket, .rows = {}, .chunk_count = 3};
      if ((*query)->shape == kSentShape) answer.hardware = 1;
      if ((*query)->child == kChildController)
        answer.child = ChildRow{.id = kChildController, .name = "child", .sites = {SiteId{{1}}}, .nodes = 4};
      for (std::uint8_t i = 0; i < 10; ++i) {
        auto row = node_row(i);
        const bool asked_for = (*query)->id ? row.id == *(*query)->id : (*query)->chunk == i / 4U;
        const auto& selection = (*query)->selection;
        if (asked_for && selection) ++selection->looked_at;
        if (asked_for && selection && (answer.rows.size() == selection->most || !selection->keeps(row) || !selection->keeps_noted(row))) continue;
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
  std::atomic<bool> ended_{false};
  std::thread http_, map_, admin_, history_, passwords_;
};

}  // namespace capmap::support
