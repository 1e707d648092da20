#include "tests/support/http_world.hpp"

#include <future>
#include <thread>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "common/join_token.hpp"
#include "common/transport.hpp"
#include "controller/history_thread.hpp"
#include "controller/http/http.hpp"
#include "controller/password_thread.hpp"
#include "controller/requests.hpp"
#include "tests/support/admin_answers.hpp"
#include "tests/support/past_world.hpp"
#include "tests/support/played_sql.hpp"

namespace capmap::support {

class HttpWorld::Threads {
 public:
  Threads(HttpWorld& world, const std::string& admin_token, const std::string& address, const std::string& history) : world_(world) {
    HttpOptions options;
    options.history = "inproc://history";
    if (history.empty()) {
      history_ = std::thread([this] { play_history(); });
    } else {
      history_ = std::thread([this, kept = History::open(test::history_options(history))]() mutable {
        check(kept.ok(), "no history can be kept in the folder of the test");
        static_cast<void>(run_history(context_, std::move(*kept), world_.clock, world_.view, world_.history_metrics));
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
      ended_ = run_http(context_, options, {world_.view, {&world_.metrics}, world_.clock, nullptr, &world_.access}, ready).ok();
    });
    const auto got = bound.get();
    if (got) world_.port = *got;
    if (!got) world_.problem = got.error();
    std::this_thread::yield();
  }
  ~Threads() {
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
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  void stop_http() {
    if (!http_.joinable()) return;
    if (world_.port != 0) stop("inproc://http");
    http_.join();
  }
  [[nodiscard]] bool ended_well() const { return ended_; }

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
      ++world_.queries;
      if (world_.map_silent) continue;
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
      ++world_.queries;
      if (world_.map_silent) continue;
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
    const auto seen = world_.view.take();
    for (std::uint64_t ago = 120; seen && ago > 0; --ago) {
      const auto at = world_.clock.unix_ms() / kMinuteMs * kMinuteMs - ago * kMinuteMs;
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
        if ((*request)->ticket != 0) ++world_.changes;
        late.push_back(std::move(*request));
      }
      for (auto& each : late) {
        const auto* add = each ? std::get_if<AddSite>(&each->what) : nullptr;
        const auto* token = each ? std::get_if<CreateToken>(&each->what) : nullptr;
        const bool waits = (add != nullptr && add->site.name == "late") || (token != nullptr && token->site == "late");
        if (!each || (waits && !world_.let_late_go)) continue;
        AdminAnswer answer{.ticket = each->ticket, .what = admin_change(each->what)};
        if (each->ticket != 0) static_cast<void>(send_object(*out, std::make_unique<HttpInput>(std::move(answer))));
        each.reset();
      }
    }
  }

  HttpWorld& world_;
  zmq::context_t context_;
  SqlWorkers sql_{context_, world_.clock, world_.view};
  std::atomic<bool> ended_{false};
  std::thread http_, map_, admin_, history_, passwords_;
};

HttpWorld::HttpWorld(const std::string& admin_token, const std::string& address, const std::string& history)
    : threads_(std::make_unique<Threads>(*this, admin_token, address, history)) {}

HttpWorld::~HttpWorld() = default;

void HttpWorld::stop_http() {
  threads_->stop_http();
}

bool HttpWorld::ended_well() const {
  return threads_->ended_well();
}

}  // namespace capmap::support
