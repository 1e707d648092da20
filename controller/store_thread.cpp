#include "controller/store_thread.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/log.hpp"
#include "common/transport.hpp"
#include "controller/admission_access.hpp"
#include "controller/changes_told.hpp"
#include "controller/joining_told.hpp"
#include "controller/key_desk.hpp"
#include "controller/pipes.hpp"
#include "controller/state_metrics.hpp"
#include "controller/zap.hpp"

namespace capmap {
namespace {

constexpr std::size_t kJoinsAChange = 256, kRequestsAChange = 16, kWordsAChange = 256;
constexpr std::uint64_t kMetricsEveryMs = 1'000, kHeadEveryMs = 1'000;
constexpr std::uint64_t kShapesEveryMs = 3'600'000;
constexpr std::uint64_t kProbeEveryMs = 2'000;  ///< while nothing can be kept

struct Pipes {
  zmq::socket_t joins, admin, notes, words, enrol, http, map, keys, ingest;
};

class StoreThread {
 public:
  StoreThread(Pipes pipes, const TokenMaking& making, std::unique_ptr<Store> store, const Clock& clock, Published<StoreHealth>& health,
              Published<Metrics>& metrics, Published<AccessTable>* access, ServerKeyDesk* server_keys)
      : pipes_(std::move(pipes)),
        making_(making),
        store_(std::move(store)),
        clock_(clock),
        health_(health),
        metrics_(metrics),
        access_(access),
        server_keys_(server_keys) {}

  Result<Done> run();

 private:
  /// Everything that waits, decided and kept as one change.
  struct Group {
    std::vector<std::unique_ptr<JoinRequest>> joins;
    std::vector<std::unique_ptr<AdminRequest>> requests;
    std::vector<JoinDecision> decisions;
    std::vector<AdminAnswer> answers;
    std::vector<KeyWord> words;
    KeysDecided keys;
  };
  bool take(Group& group);  ///< False on stop.
  Result<Done> decide(Group& group);
  void refuse(Group& group, const Error& why);
  Result<Done> answer(Group group);
  void publish_access();
  void ask_server_keys(AdminChange& change);
  void take_notes();
  void tidy();
  void note_failure(const char* doing, const Error& error);
  void note_success();
  void probe();
  void publish_metrics();

  Pipes pipes_;
  TokenMaking making_;
  std::unique_ptr<Store> store_;
  const Clock& clock_;
  Published<StoreHealth>& health_;
  Published<Metrics>& metrics_;
  Published<AccessTable>* access_;
  ServerKeyDesk* server_keys_;
  std::string problem_;   ///< why nothing can be kept now; empty: all is well
  bool damaged_ = false;  ///< for good
  std::uint64_t probed_at_ms_ = 0, metrics_at_ms_ = 0, shapes_at_ms_ = 0, head_at_ms_ = 0;
  std::uint64_t changes_ = 0, commits_ = 0, failed_ = 0, notes_ = 0, notes_lost_ = 0, slowest_ms_ = 0;
  StoreFacts facts_;
  KeyDesk desk_;
};

Result<Done> StoreThread::run() {
  if (auto facts = store_->facts()) facts_ = *facts;
  shapes_at_ms_ = clock_.boot_ms();  // not while everybody waits for the start
  health_.publish(std::make_shared<const StoreHealth>());
  publish_access();
  for (bool stop = false; !stop;) {
    std::array items = {Waitable{.socket = &pipes_.joins}, Waitable{.socket = &pipes_.admin}, Waitable{.socket = &pipes_.notes},
                        Waitable{.socket = &pipes_.words}};
    wait_any(items, static_cast<int>(kMetricsEveryMs));
    Group group;
    stop = !take(group);
    if (!group.joins.empty() || !group.requests.empty() || !group.words.empty()) {
      const auto began_ms = clock_.boot_ms();
      if (auto kept = decide(group); !kept) refuse(group, kept.error());
      slowest_ms_ = std::max(slowest_ms_, clock_.boot_ms() - began_ms);
      if (auto told = answer(std::move(group)); !told) return told;
    }
    take_notes();
    if (server_keys_ != nullptr) server_keys_->turn(clock_.unix_ms(), clock_.boot_ms());
    tidy();
    probe();
    publish_metrics();
  }
  if (auto kept = store_->keep_audit_head(); !kept) note_failure("keep the audit's head", kept.error());
  return Done{};
}

/// Where it cannot be read what was published before stands: nobody gets more.
void StoreThread::publish_access() {
  if (access_ == nullptr) return;
  auto table = store_->access();
  if (!table) return note_failure("read users", table.error());
  access_->publish(std::make_shared<const AccessTable>(std::move(*table)));
}

bool StoreThread::take(Group& group) {
  while (group.joins.size() < kJoinsAChange) {
    auto join = receive_object<JoinRequest>(pipes_.joins, 0);
    if (!join || !*join) break;
    group.joins.push_back(std::move(*join));
  }
  while (group.words.size() < kWordsAChange) {
    auto word = receive_object<KeyWord>(pipes_.words, 0);
    if (!word || !*word) break;
    group.words.push_back(std::move(**word));
  }
  while (group.requests.size() < kRequestsAChange) {
    auto request = receive_object<AdminRequest>(pipes_.admin, 0);
    if (!request) break;
    if (!*request) return false;
    group.requests.push_back(std::move(*request));
  }
  return true;
}

Result<Done> StoreThread::decide(Group& group) {
  if (damaged_) return Error{ErrorCode::kMalformed, problem_};
  const auto now_unix_ms = clock_.unix_ms();
  auto done = store_->begin();
  for (std::size_t i = 0; done && i < group.joins.size(); ++i) {
    auto decision = decide_join(*store_, *group.joins[i], making_, now_unix_ms);
    if (decision) group.decisions.push_back(std::move(*decision));
    if (!decision) done = decision.error();
  }
  for (std::size_t i = 0; done && i < group.requests.size(); ++i) {
    const auto& request = *group.requests[i];
    auto change = carry_out_for(*store_, request, making_, now_unix_ms);
    if (change) group.answers.push_back({.ticket = request.ticket, .what = std::move(*change)});
    if (!change) done = change.error();
  }
  if (auto keys = done ? desk_.decide(*store_, group.words, now_unix_ms) : done.error()) {
    group.keys = std::move(*keys);
  } else {
    done = keys.error();
  }
  if (done) done = store_->commit();
  if (!done) {
    store_->roll_back();
    note_failure("change", done.error());
    return done;
  }
  note_success();
  desk_.kept(group.keys);
  ++commits_;
  changes_ += group.joins.size() + group.requests.size();
  return done;
}

void StoreThread::refuse(Group& group, const Error& why) {
  failed_ += group.joins.size() + group.requests.size();
  group.decisions.clear();
  group.answers.clear();
  group.keys = {};  // who spoke of keys does so again
  for (auto& join : group.joins) {
    JoinDecision no{.route = std::move(join->route), .hostname = std::move(join->join.hostname), .answer = "not_stored", .joined = {}};
    no.joined.reason = "the controller could not keep it, try again later: " + why.what;
    group.decisions.push_back(std::move(no));
  }
  const Error told{why.code == ErrorCode::kFull ? ErrorCode::kFull : ErrorCode::kUnavailable, why.what};  // not the asker's fault
  for (const auto& request : group.requests) group.answers.push_back({.ticket = request->ticket, .what = told});
}

/// On disk: now zap may let keys in, the map may count, and whoever asked may be told.
Result<Done> StoreThread::answer(Group group) {
  const JoiningPipes others{.map = pipes_.map, .keys = pipes_.keys, .ingest = pipes_.ingest};
  for (auto& decision : group.decisions) {
    if (decision.let_in) {
      if (auto told = tell_admitted(*decision.let_in, others); !told) return told;
    }
    if (decision.let_in_child) {
      if (auto told = tell_admitted(*decision.let_in_child, others); !told) return told;
    }
    // Enrol reads as fast as it can; a machine without an answer asks again and gets the same one.
    static_cast<void>(send_object(pipes_.enrol, std::make_unique<JoinDecision>(std::move(decision)), false));
  }
  if (std::ranges::any_of(group.answers, [](const AdminAnswer& each) { return changes_access(each.what); })) publish_access();
  for (auto& each : group.answers) {
    ask_server_keys(each.what);
    if (auto told = tell_change(each.what, others); !told) return told;
    if (each.ticket == 0) continue;  // nobody waits for it
    if (auto told = tell_asker(std::move(each), pipes_.http, others); !told) return told;
  }
  return tell_keys(std::move(group.keys), others);
}

/// What the desk of the server's keys has to do with an answer.
void StoreThread::ask_server_keys(AdminChange& change) {
  auto* const done = std::get_if<JoiningDone>(&change);
  if (done == nullptr || server_keys_ == nullptr) return;
  const auto with_count = [this](ServerKeyStatus status) {
    if (auto facts = store_->facts()) status.enrolled = facts->nodes;
    if (auto children = store_->children()) status.enrolled += children->size();
    return status;
  };
  if (auto* const list = std::get_if<RevokedList>(&done->what)) {
    list->server = with_count(server_keys_->status());
  } else if (const auto* const request = std::get_if<RotateServerKey>(&done->what)) {
    auto told = server_keys_->ask(*request, clock_.unix_ms(), clock_.boot_ms());
    told.status = with_count(std::move(told.status));
    done->what = std::move(told);
  }
}

void StoreThread::take_notes() {
  const auto batch = receive_object<NoteBatch>(pipes_.notes, 0);  // one a turn: who waits for an answer comes first
  if (!batch || !*batch) return;
  const auto count = (*batch)->notes.size() + (*batch)->clones.size();
  if (!problem_.empty()) {
    notes_lost_ += count;  // noted again within the hour
    return;
  }
  if (auto kept = store_->note((*batch)->notes); !kept) {
    notes_lost_ += count;
    note_failure("notes", kept.error());
    return;
  }
  for (const auto& clone : (*batch)->clones) {
    if (auto kept = keep_clone(*store_, clone); !kept) return note_failure("clones", kept.error());  // told again within the minute
  }
  notes_ += count;
}

void StoreThread::tidy() {
  if (!problem_.empty()) return;
  if (const auto now_ms = clock_.boot_ms(); now_ms >= shapes_at_ms_ + kShapesEveryMs) {
    shapes_at_ms_ = now_ms;
    const auto forgotten = store_->forget_shapes(clock_.unix_ms());
    if (!forgotten) return note_failure("forget shapes", forgotten.error());
    if (*forgotten > 0) log_info("shapes_forgotten", {{"count", *forgotten}});
    if (auto tidied = tidy_joining(*store_, clock_.unix_ms()); !tidied) return note_failure("forget tokens", tidied.error());
  }
  if (const auto now_ms = clock_.boot_ms(); now_ms >= head_at_ms_ + kHeadEveryMs) {
    head_at_ms_ = now_ms;
    if (auto kept = store_->keep_audit_head(); !kept) note_failure("keep the audit's head", kept.error());
  }
  if (auto tidied = store_->tidy(); !tidied) note_failure("tidy", tidied.error());
}

void StoreThread::note_failure(const char* doing, const Error& error) {
  probed_at_ms_ = clock_.boot_ms();
  damaged_ = damaged_ || error.code == ErrorCode::kMalformed;
  if (problem_ == error.what) return;
  problem_ = error.what;
  log_error("store_failing", {{"doing", doing}, {"what", problem_}, {"map", "goes on"}, {"joins_and_changes", "refused"}});
  health_.publish(std::make_shared<const StoreHealth>(StoreHealth{problem_}));
}

void StoreThread::note_success() {
  if (problem_.empty() || damaged_) return;
  problem_.clear();
  log_info("store_recovered");
  health_.publish(std::make_shared<const StoreHealth>());
}

void StoreThread::probe() {
  const auto now_ms = clock_.boot_ms();
  if (problem_.empty() || damaged_ || now_ms < probed_at_ms_ + kProbeEveryMs) return;
  probed_at_ms_ = now_ms;
  auto well = store_->probe();
  if (well) well = store_->tidy();
  well ? note_success() : note_failure("probe", well.error());
}

void StoreThread::publish_metrics() {
  const auto now_ms = clock_.boot_ms();
  if (now_ms < metrics_at_ms_ + kMetricsEveryMs) return;
  metrics_at_ms_ = now_ms;
  Metrics out;
  const auto add = [&out](const char* name, const char* help, Metric::Kind kind, auto value) {
    out.push_back({name, help, kind, {}, static_cast<double>(value)});
  };
  using enum Metric::Kind;
  add("capmap_store_failed_puts_total", "Changes the store could not keep; each was refused.", kCounter, failed_);
  add("capmap_store_changes_total", "Joins and admin requests decided and kept.", kCounter, changes_);
  add("capmap_store_commits_total", "Commits they took: what waits is kept together.", kCounter, commits_);
  add("capmap_store_notes_total", "Last-seen times and shapes of nodes written.", kCounter, notes_);
  add("capmap_store_notes_lost_total", "Those that could not be written; they are noted again.", kCounter, notes_lost_);
  add("capmap_store_failing", "1 while nothing can be kept (log and /readyz say why and what to do), else 0.", kGauge,
      problem_.empty() ? 0 : 1);
  add("capmap_store_generation", "Grows with each restore of the store.", kGauge, facts_.generation);
  add("capmap_store_slowest_change_seconds", "Longest time one commit with all in it took since the start.", kGauge,
      static_cast<double>(slowest_ms_) / 1e3);
  if (server_keys_ != nullptr) {
    for (const auto& more : {disk_metrics(server_keys_->state_folder()), server_key_metrics(server_keys_->status())}) {
      out.insert(out.end(), more.begin(), more.end());
    }
  }
  metrics_.publish(std::make_shared<const Metrics>(std::move(out)));
}

Result<Pipes> open_pipes(zmq::context_t& context) {
  auto joins = open_pull(context, kStorePipe), admin = open_pull(context, kAdminPipe),
       notes = open_pull(context, kNotesPipe, kNotesHighWater), words = open_pull(context, kKeyWordsPipe);
  auto enrol = open_push(context, kEnrolPipe), http = open_push(context, kHttpPipe), map = open_push(context, kMapPipe),
       keys = open_push(context, kKeysPipe), ingest = open_push(context, kIngestPipe);
  for (const auto* pipe : {&joins, &admin, &notes, &words, &enrol, &http, &map, &keys, &ingest}) {
    if (!*pipe) return pipe->error();
  }
  return Pipes{std::move(*joins), std::move(*admin), std::move(*notes), std::move(*words), std::move(*enrol),
               std::move(*http),  std::move(*map),   std::move(*keys),  std::move(*ingest)};
}

}  // namespace

Result<Done> run_store(zmq::context_t& context, const TokenMaking& making, std::unique_ptr<Store> store, const Clock& clock,
                       Published<StoreHealth>& health, Published<Metrics>& metrics, Published<AccessTable>* access,
                       ServerKeyDesk* server_keys) {
  auto pipes = open_pipes(context);
  if (!pipes) return pipes.error();
  return StoreThread(std::move(*pipes), making, std::move(store), clock, health, metrics, access, server_keys).run();
}

}  // namespace capmap
