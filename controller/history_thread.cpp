#include "controller/history_thread.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/log.hpp"
#include "common/transport.hpp"
#include "controller/pipes.hpp"
#include "controller/requests.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kLookEveryMs = 1'000;

class HistoryThread {
 public:
  HistoryThread(std::unique_ptr<History> history, const Clock& clock, const Published<MapView>& view, Published<Metrics>& metrics)
      : history_(std::move(history)), clock_(clock), view_(view), metrics_(metrics) {}

  Result<Done> open(zmq::context_t& context) {
    auto input = open_pull(context, kHistoryPipe);
    if (!input) return input.error();
    auto http = open_push(context, kHttpPipe);
    if (!http) return http.error();
    input_ = std::move(*input);
    http_ = std::move(*http);
    return Done{};
  }

  Result<Done> run() {
    for (;;) {
      const auto now_ms = clock_.boot_ms();
      if (now_ms >= looked_at_ms_ + kLookEveryMs) {
        looked_at_ms_ = now_ms;
        look();
      }
      std::array items = {Waitable{.socket = &input_}};
      wait_any(items, static_cast<int>(looked_at_ms_ + kLookEveryMs - std::min(clock_.boot_ms(), looked_at_ms_ + kLookEveryMs)));
      if (!items[0].ready) continue;
      auto request = receive_object<HistoryRequest>(input_, 0);
      if (!request) continue;
      if (!*request) break;
      answer(**request);
    }
    look();
    if (auto written = history_->write(clock_.unix_ms()); !written) log_error("history_not_written", {{"what", written.error().what}});
    return Done{};
  }

 private:
  void look() {
    if (const auto view = view_.take()) history_->look(*view, clock_.unix_ms());
    publish_metrics();
  }

  void answer(const HistoryRequest& request) {
    HistoryAnswer answer{.ticket = request.ticket, .what = Error{}};
    const auto put = [&answer](auto result) {
      if (result) {
        answer.what = std::move(*result);
      } else {
        answer.what = result.error();
      }
    };
    if (const auto* map = std::get_if<AskPastMap>(&request.what)) {
      put(history_->at(map->at_unix_ms, clock_.unix_ms(), map->chips));
    } else if (const auto* events = std::get_if<EventQuestion>(&request.what)) {
      put(history_->events(*events));
    } else if (const auto* usage = std::get_if<UsageQuestion>(&request.what)) {
      put(history_->usage(*usage));
    } else {
      put(history_->spans());
    }
    // A full pipe means http has stopped reading: its own deadline answers the reader.
    static_cast<void>(send_object(http_, std::make_unique<HttpInput>(std::move(answer)), false));
  }

  void publish_metrics() {
    const auto& counters = history_->counters();
    Metrics out;
    const auto add = [&out](const char* name, const char* help, Metric::Kind kind, auto value) {
      out.push_back({name, help, kind, {}, static_cast<double>(value)});
    };
    add("capmap_history_changed_cells_total", "Changes of cells that history has taken.", Metric::Kind::kCounter, counters.changed_cells);
    add("capmap_history_events_total", "Events of nodes that history has written.", Metric::Kind::kCounter, counters.events);
    add("capmap_history_events_missed_total", "Times that more happened between two looks than the feed of changes holds.",
        Metric::Kind::kCounter, counters.events_missed);
    add("capmap_history_samples_total", "Samples of use that history has kept.", Metric::Kind::kCounter,
        history_->sample_counts().appended);
    add("capmap_history_samples_put_aside_total", "Samples whose time had one already: the clock stepped back.", Metric::Kind::kCounter,
        history_->sample_counts().put_aside);
    add("capmap_history_sample_failures_total", "Samples, or blocks of them, that could not be written.", Metric::Kind::kCounter,
        counters.sample_failures);
    add("capmap_history_writes_total", "Writes of history.", Metric::Kind::kCounter, counters.writes);
    add("capmap_history_write_failures_total", "Writes of history that failed.", Metric::Kind::kCounter, counters.write_failures);
    add("capmap_history_failing", "1 while history cannot be written; the log says why.", Metric::Kind::kGauge,
        counters.problem.empty() ? 0 : 1);
    add("capmap_history_clock_behind_seconds",
        "How far the wall clock is behind the last record; nothing is recorded until it has passed it.", Metric::Kind::kGauge,
        static_cast<double>(counters.clock_behind_ms) / 1e3);
    metrics_.publish(std::make_shared<const Metrics>(std::move(out)));
  }

  std::unique_ptr<History> history_;
  const Clock& clock_;
  const Published<MapView>& view_;
  Published<Metrics>& metrics_;
  zmq::socket_t input_, http_;
  std::uint64_t looked_at_ms_ = 0;
};

}  // namespace

Result<Done> run_history(zmq::context_t& context, std::unique_ptr<History> history, const Clock& clock, const Published<MapView>& view,
                         Published<Metrics>& metrics) {
  HistoryThread thread(std::move(history), clock, view, metrics);
  if (auto opened = thread.open(context); !opened) return opened;
  return thread.run();
}

}  // namespace capmap
