#include "controller/map_thread.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "common/log.hpp"
#include "common/transport.hpp"
#include "controller/ack_pace.hpp"
#include "controller/challenger.hpp"
#include "controller/map_answers.hpp"
#include "controller/note_taker.hpp"
#include "controller/pipes.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kPublishEveryMs = 100;
constexpr std::uint64_t kViewPause = 10;  ///< times what a view takes, at least, until the next, where somebody waits to be answered
constexpr std::uint64_t kAdvanceEveryMs = 250;
constexpr std::uint64_t kMetricsEveryMs = 1'000;
constexpr std::uint64_t kPauseMs = 1'500;         ///< a loop that took longer was stopped from outside
constexpr std::uint64_t kPauseGraceMs = 5'000;    ///< then waiting messages get so long to come through
constexpr std::uint64_t kClonesEveryMs = 60'000;  ///< the store is told again of clones, until they are settled
constexpr std::uint64_t kTurnMs = 10;             ///< of inputs, then of queries: what is left waits for the next one
constexpr std::size_t kReportsAStep = 32;         ///< applied between two looks at the clock; of child controllers one message

/// A batch that has been begun: the turn may be over before it is done.
struct Begun {
  std::unique_ptr<MapInput> input;
  std::size_t done = 0;  ///< reports of it
  std::unique_ptr<AckBatch> answers = std::make_unique<AckBatch>();
};

/// Another one for other clones, or other runs of them; 0 = none are held.
std::uint64_t sign_of(const std::vector<Clone>* clones) {
  if (clones == nullptr) return 0;
  std::uint64_t sign = 0;
  for (const auto& clone : *clones) {
    sign += clone.since_unix_ms;
    for (const auto& run : clone.runs) sign += run.run_id;
  }
  return sign | 1U;
}

class MapThread {
 public:
  MapThread(CapacityMap map, const Clock& clock, Published<MapView>& view, Published<Metrics>& metrics, std::uint32_t challenges_per_hour,
            Pulse* pulse)
      : map_(std::move(map)),
        clock_(clock),
        view_(view),
        metrics_(metrics),
        pulse_(pulse),
        pace_(map_.interval_ms()),
        challenger_(challenges_per_hour) {}

  Result<Done> open(zmq::context_t& context);
  Result<Done> run();

 private:
  /// False on stop.
  bool take_inputs();
  /// Applies what has reports step by step while the turn lasts; true when the input is done.
  bool work_on(Begun& begun, std::uint64_t until_ms);
  void note_wait(const MapInput& input);
  template <class Batch>
  bool step(const Batch& batch, std::size_t reports, Begun& begun);
  void apply(MapInput& input);
  void send_answers(Begun& begun);
  void move_clock();
  /// Gives a longer interval while the map is behind.
  void keep_pace();
  [[nodiscard]] std::uint64_t view_due_ms() const;
  void publish();
  void hand_over_notes();
  void publish_metrics();

  CapacityMap map_;
  const Clock& clock_;
  Published<MapView>& view_;
  Published<Metrics>& metrics_;
  Pulse* pulse_;
  NoteTaker notes_;
  AckPace pace_;
  Challenger challenger_;
  std::optional<Begun> begun_;
  std::uint64_t held_clones_ = 0, told_clones_ = 0;  ///< sign_of() those held, and those that the store was told
  std::uint64_t clones_at_ms_ = 0;
  zmq::socket_t input_, queries_, acks_, http_, store_;
  MapAnswers answers_;
  std::uint64_t published_revision_ = UINT64_MAX, published_at_ms_ = 0, advanced_at_ms_ = 0, metrics_at_ms_ = 0;
  std::uint64_t view_took_ms_ = 0;  ///< the last one, to be made
  std::uint64_t turn_at_ms_ = 0, hold_deaths_until_ms_ = 0;
  std::vector<std::unique_ptr<HttpInput>> unanswered_;  ///< to changes that no view shows yet
  bool more_expires_ = false;                           ///< of what is due by the last look at the clock
  std::uint64_t views_ = 0, acks_dropped_ = 0, pauses_ = 0, child_reports_ = 0;
};

Result<Done> MapThread::open(zmq::context_t& context) {
  auto input = open_pull(context, kMapPipe);
  if (!input) return input.error();
  auto queries = open_pull(context, kMapQueryPipe);
  if (!queries) return queries.error();
  auto acks = open_push(context, kIngestPipe);
  if (!acks) return acks.error();
  auto http = open_push(context, kHttpPipe);
  if (!http) return http.error();
  input_ = std::move(*input);
  queries_ = std::move(*queries);
  acks_ = std::move(*acks);
  http_ = std::move(*http);
  auto store = open_push(context, kNotesPipe, kNotesHighWater);
  if (!store) return store.error();
  store_ = std::move(*store);
  return answers_.open(context);
}

Result<Done> MapThread::run() {
  publish();
  turn_at_ms_ = clock_.boot_ms();
  for (;;) {
    std::array items = {Waitable{.socket = &input_}, Waitable{.socket = &queries_}};
    const auto until_view_ms = view_due_ms() - std::min(view_due_ms(), clock_.boot_ms());
    wait_any(items, more_expires_ || begun_ ? 0 : static_cast<int>(unanswered_.empty() ? kPublishEveryMs : until_view_ms));
    const auto now_ms = clock_.boot_ms();
    if (pulse_ != nullptr) pulse_->beat(now_ms);
    if (now_ms > turn_at_ms_ + kPauseMs) {
      ++pauses_;
      hold_deaths_until_ms_ = now_ms + kPauseGraceMs;
      log_warn("controller_paused", {{"ms", now_ms - turn_at_ms_}, {"nobody_declared_dead_for_ms", kPauseGraceMs}});
    }
    turn_at_ms_ = now_ms;
    const bool inputs_wait = items[0].ready || begun_;
    if (inputs_wait && !take_inputs()) break;
    if (items[1].ready) answers_.answer(queries_, map_, clock_, kTurnMs);
    if (!inputs_wait || now_ms > advanced_at_ms_ + 4 * kAdvanceEveryMs) move_clock();
    keep_pace();
    publish();
    hand_over_notes();
    publish_metrics();
  }
  published_at_ms_ = 0;
  publish();
  send_stop(http_);
  return Done{};
}

bool MapThread::take_inputs() {
  const auto until_ms = clock_.boot_ms() + kTurnMs;
  do {
    if (!begun_) {
      auto input = receive_object<MapInput>(input_, 0);
      if (!input) return true;
      if (!*input) return false;
      begun_ = Begun{.input = std::move(*input)};
      note_wait(*begun_->input);
    }
    if (work_on(*begun_, until_ms)) begun_.reset();
  } while (clock_.boot_ms() < until_ms);
  return true;
}

void MapThread::note_wait(const MapInput& input) {
  const auto* const reports = std::get_if<ReportBatch>(&input);
  const auto* const of_children = std::get_if<ChildBatch>(&input);
  const auto now_ms = clock_.boot_ms();
  const auto received_ms = reports != nullptr ? reports->received_boot_ms : of_children != nullptr ? of_children->received_boot_ms : now_ms;
  pace_.waited(now_ms - std::min(now_ms, received_ms));
}

void MapThread::keep_pace() {
  if (!pace_.look(clock_.boot_ms())) return;
  map_.set_interval(pace_.interval_ms());
  log_warn("interval_changed", {{"interval_ms", pace_.interval_ms()}, {"map_behind_ms", pace_.lag_ms()}});
}

bool MapThread::work_on(Begun& begun, std::uint64_t until_ms) {
  const auto* const reports = std::get_if<ReportBatch>(begun.input.get());
  const auto* const of_children = std::get_if<ChildBatch>(begun.input.get());
  if (reports == nullptr && of_children == nullptr) {
    apply(*begun.input);
    return true;
  }
  bool done = false;
  do {
    done = reports != nullptr ? step(*reports, kReportsAStep, begun) : step(*of_children, 1, begun);
  } while (!done && clock_.boot_ms() < until_ms);
  send_answers(begun);
  if (done && reports != nullptr) {
    const auto shape_of = [this](const NodeId& node) -> std::optional<ShapeId> {
      const auto row = map_.node(node);
      return row && row->hardware != kNoHardware ? std::optional(row->shape_id) : std::nullopt;
    };
    notes_.look_at(*reports, clock_.unix_ms(), shape_of, [this](const NodeId& node) { return map_.machine(node); });
  }
  return done;
}

template <class Batch>
bool MapThread::step(const Batch& batch, std::size_t reports, Begun& begun) {
  map_.apply(batch, begun.done, reports, clock_.unix_ms(), *begun.answers);
  begun.done += reports;
  return begun.done >= batch.reports.size();
}

void MapThread::send_answers(Begun& begun) {
  const auto count = begun.answers->acks.size() + begun.answers->child_acks.size();
  child_reports_ += begun.answers->child_acks.size();
  begun.answers->child_reports = child_reports_;
  // Never wait here: ingest may be waiting for us. An agent without an ack asks again.
  if (count == 0 || send_object(acks_, std::exchange(begun.answers, std::make_unique<AckBatch>()), false)) return;
  acks_dropped_ += count;
  pace_.dropped();
}

void MapThread::apply(MapInput& input) {
  if (const auto* admitted = std::get_if<NodeAdmitted>(&input)) {
    map_.add_node(admitted->node, false, clock_.boot_ms());
  } else if (const auto* changed = std::get_if<SiteChanged>(&input)) {
    map_.put_site(changed->site);
  } else if (const auto* child = std::get_if<ChildAdmitted>(&input)) {
    map_.add_child(child->child, random_id_bytes(), clock_.boot_ms());
  } else if (const auto* pool = std::get_if<PoolChanged>(&input)) {
    map_.put_pool(pool->pool);
  } else if (const auto* service = std::get_if<ServiceChanged>(&input)) {
    map_.set_service(service->node, service->order, clock_.unix_ms());
  } else if (const auto* group = std::get_if<GroupServiceChanged>(&input)) {
    group->pool ? map_.set_pool_service(*group->pool, group->order, clock_.unix_ms())
                : map_.set_site_service(group->site, group->order, clock_.unix_ms());
    more_expires_ = map_.advance_service(clock_.unix_ms()) || more_expires_;  // its nodes follow: of a map of 100,000 all at once
  } else if (auto* labelled = std::get_if<LabelsChanged>(&input)) {
    map_.set_labels(labelled->node, std::move(labelled->labels));
  } else if (const auto* left = std::get_if<NodeLeft>(&input)) {
    map_.remove_node(left->node, clock_.boot_ms());
  } else if (const auto* regions = std::get_if<RegionsChanged>(&input)) {
    if (auto put = map_.put_regions(regions->list); !put) log_warn("regions_not_understood", {{"what", put.error().what}});
  } else if (const auto* table = std::get_if<ChipsInForce>(&input)) {
    map_.put_chips(table->chips, *table->rated);
  } else if (const auto* kept = std::get_if<CloneKept>(&input)) {
    map_.settle_clone(kept->node, kept->run, clock_.unix_ms());
  } else if (const auto* pair = std::get_if<DoubleKept>(&input)) {
    map_.settle_double(pair->settled);
  } else if (const auto* imported = std::get_if<RecordsImported>(&input)) {
    map_.put_sites(imported->outcome->sites);
    for (const auto& one : imported->outcome->pools) map_.put_pool(one);
    if (imported->outcome->site_register) map_.put_register(imported->outcome->site_register);
  } else if (auto* later = std::get_if<AnswerWhenShown>(&input)) {
    unanswered_.push_back(std::move(later->answer));
  }
}

/// Never waits either: a slow disk must not be felt here.
void MapThread::hand_over_notes() {
  const auto now_ms = clock_.boot_ms();
  auto notes = notes_.take(now_ms);
  std::vector<Clone> clones;
  if (held_clones_ != told_clones_ || (held_clones_ != 0 && now_ms >= clones_at_ms_ + kClonesEveryMs)) clones = map_.clones();
  if (notes.empty() && clones.empty()) {
    told_clones_ = held_clones_;  // some were settled
    return;
  }
  auto kept = notes;
  const auto told = held_clones_;
  if (!clones.empty()) clones_at_ms_ = now_ms;
  if (!send_object(store_, std::make_unique<NoteBatch>(NoteBatch{std::move(notes), std::move(clones)}), false)) {
    return notes_.put_back(std::move(kept));
  }
  told_clones_ = told;
}

void MapThread::move_clock() {
  const auto now_ms = clock_.boot_ms();
  if ((now_ms < advanced_at_ms_ + kAdvanceEveryMs && !more_expires_) || now_ms < hold_deaths_until_ms_) {
    more_expires_ = more_expires_ && now_ms >= hold_deaths_until_ms_;
    return;
  }
  advanced_at_ms_ = now_ms;
  const bool more_orders = map_.advance_service(clock_.unix_ms());
  more_expires_ = map_.advance(now_ms) || more_orders;
  if (const auto view = view_.take()) challenger_.step(map_, *view, now_ms, clock_.unix_ms());
}

/// The next view: sooner where somebody waits for it, as far as it costs little of this thread's time.
std::uint64_t MapThread::view_due_ms() const {
  return published_at_ms_ + (unanswered_.empty() ? kPublishEveryMs : std::min(kPublishEveryMs, kViewPause * view_took_ms_));
}

void MapThread::publish() {
  const auto now_ms = clock_.boot_ms();
  if (map_.revision() != published_revision_) {
    if (now_ms < view_due_ms()) return;
    published_revision_ = map_.revision();
    published_at_ms_ = now_ms;
    ++views_;
    auto view = map_.view(now_ms, clock_.unix_ms());
    held_clones_ = sign_of(view->clones.get());
    view_.publish(std::move(view));
    view_took_ms_ = clock_.boot_ms() - now_ms;
  }
  for (auto& answer : unanswered_) static_cast<void>(send_object(http_, std::move(answer), false));
  unanswered_.clear();
}

void MapThread::publish_metrics() {
  const auto now_ms = clock_.boot_ms();
  if (now_ms < metrics_at_ms_ + kMetricsEveryMs) return;
  metrics_at_ms_ = now_ms;
  const auto& counters = map_.counters();
  Metrics out;
  const auto counter = [&out](const char* name, const char* help, std::uint64_t value) {
    out.push_back({name, help, Metric::Kind::kCounter, {}, static_cast<double>(value)});
  };
  counter("capmap_map_applied_total", "Messages applied to the map.", counters.applied);
  for (const auto& [reason, count] : counters.refused) {
    out.push_back({"capmap_map_refused_total",
                   "Messages the map did not take, by reason.",
                   Metric::Kind::kCounter,
                   {{"reason", reason}},
                   static_cast<double>(count)});
  }
  counter("capmap_map_challenges_total", "Nodes in doubt that were asked for a benchmark by policy.", challenger_.asked());
  counter("capmap_map_views_total", "Views published.", views_);
  counter("capmap_map_acks_dropped_total", "Acks dropped because ingest was behind.", acks_dropped_);
  counter("capmap_map_pauses_total", "Times this process was stopped from outside for over 1.5 s.", pauses_);
  counter("capmap_map_notes_dropped_total", "Last-seen times and shapes dropped because the store was far behind.", notes_.dropped());
  const auto gauge = [&out](const char* name, const char* help, auto value) {
    out.push_back({name, help, Metric::Kind::kGauge, {}, static_cast<double>(value)});
  };
  gauge("capmap_map_interval_seconds", "Interval that acks give to nodes; longer than configured while the map is behind.",
        pace_.interval_ms() / 1e3);
  gauge("capmap_map_behind_seconds", "Longest wait of a batch of messages for the map, within the last second.",
        static_cast<double>(pace_.lag_ms()) / 1e3);
  gauge("capmap_map_shapes", "Shapes known.", counters.shapes);
  gauge("capmap_map_hardware_rows", "Hardware rows known.", counters.hardware_rows);
  metrics_.publish(std::make_shared<const Metrics>(std::move(out)));
}

}  // namespace

Result<Done> run_map(zmq::context_t& context, CapacityMap map, const Clock& clock, Published<MapView>& view, Published<Metrics>& metrics,
                     std::uint32_t challenges_per_hour, Pulse* pulse) {
  MapThread thread(std::move(map), clock, view, metrics, challenges_per_hour, pulse);
  if (auto opened = thread.open(context); !opened) return opened;
  return thread.run();
}

}  // namespace capmap
