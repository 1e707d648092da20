#include "controller/http/http.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "common/log.hpp"
#include "common/transport.hpp"
#include "controller/http/api.hpp"
#include "controller/http/server.hpp"
#include "controller/http/sql_queue.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kLookEveryMs = 50;       ///< at deadlines
constexpr int kWatchedMs = 50;                   ///< longest sleep while somebody waits for what happens
constexpr int kIdleMs = 1'000, kWaitingMs = 50;  ///< longest sleep without and with deadlines to watch
constexpr std::size_t kAnswersPerTurn = 256;
constexpr std::size_t kMaxGivenUp = 1'000;
constexpr std::uint64_t kDrainMs = 250;  ///< last responses get so long to go out
constexpr std::uint32_t kComplaintsPerMinute = 20;

/// A request that waits for another thread, under its ticket.
struct Waiting {
  std::string route;
  std::shared_ptr<const RequestNote> note;
  Continue then;
  std::uint64_t deadline_ms = 0, limit_ms = 0;
  bool changes = false;   ///< asked the admin thread
  bool given_up = false;  ///< its reader has had a 504; kept, because a change may still be carried out and must then be remembered
};

class HttpThread {
 public:
  HttpThread(const HttpOptions& options, const HttpSources& sources)
      : clock_(sources.clock), pulse_(sources.pulse), tls_(sources.tls), options_(options), api_(options, sources, [this] {
          return metrics();
        }) {}

  /// The bound port. Errors: as open_listener; kUnavailable.
  Result<std::uint16_t> open(zmq::context_t& context);
  Result<Done> run();

 private:
  std::optional<HttpResponse> on_request(std::uint64_t ticket, const HttpRequest& request);
  std::optional<HttpResponse> go_on(std::uint64_t ticket, const std::string& route, const std::shared_ptr<const RequestNote>& note,
                                    Outcome outcome);
  [[nodiscard]] int longest_sleep_ms();
  void tell_watchers();
  void write_notes();
  Result<Done> ask(std::uint64_t ticket, Question question);
  /// False on stop.
  bool take_answers();
  void take_answer(std::uint64_t ticket, const Answer& answer);
  /// Hands waiting statements to workers that are free.
  void begin_statements();
  void give_up_late_ones();
  void forget_oldest_given_up();
  void answer_all_waiting();
  void complain(const HttpRequest& request, int status);
  [[nodiscard]] Metrics metrics() const;

  const Clock& clock_;
  Pulse* pulse_;
  const Published<TlsPair>* tls_;
  HttpOptions options_;
  Api api_;
  zmq::socket_t input_, map_, admin_, history_, passwords_;
  std::vector<zmq::socket_t> sql_;  ///< [worker]; empty: there are none
  SqlQueue statements_;
  std::unique_ptr<HttpServer> server_;
  std::map<std::uint64_t, Waiting> waiting_;  ///< by ticket, oldest first
  std::size_t given_up_ = 0;
  std::uint64_t looked_at_ms_ = 0, late_ = 0, unasked_ = 0;
  RateLimit complaints_{kComplaintsPerMinute};
};

Result<std::uint16_t> HttpThread::open(zmq::context_t& context) {
  auto input = open_pull(context, options_.input);
  if (!input) return input.error();
  auto map = open_push(context, options_.map);
  if (!map) return map.error();
  auto admin = open_push(context, options_.admin);
  if (!admin) return admin.error();
  if (!options_.history.empty()) {
    auto history = open_push(context, options_.history);
    if (!history) return history.error();
    history_ = std::move(*history);
  }
  if (!options_.passwords.empty()) {
    auto passwords = open_push(context, options_.passwords);
    if (!passwords) return passwords.error();
    passwords_ = std::move(*passwords);
  }
  for (const auto& name : options_.sql) {
    auto worker = open_push(context, name);
    if (!worker) return worker.error();
    sql_.push_back(std::move(*worker));
  }
  input_ = std::move(*input);
  map_ = std::move(*map);
  admin_ = std::move(*admin);
  const auto listener = open_listener(options_.address, options_.port, tls_ != nullptr || !options_.gate.proxies.empty());
  if (!listener) return listener.error();
  auto server = HttpServer::start(
      *listener, clock_, [this](std::uint64_t ticket, const HttpRequest& request) { return on_request(ticket, request); },
      [this](const HttpRequest& head) { return api_.most_body_bytes(head); }, tls_);
  if (!server) return server.error();
  server_ = std::move(*server);
  return listener->port;
}

Result<Done> HttpThread::run() {
  for (;;) {
    if (pulse_ != nullptr) pulse_->beat(clock_.boot_ms());
    std::array items = {Waitable{.socket = &input_}, Waitable{.socket = nullptr, .fd = server_->epoll_fd()}};
    wait_any(items, server_->timeout_ms(longest_sleep_ms()));
    if (!take_answers()) break;
    tell_watchers();
    server_->run();
    give_up_late_ones();
    begin_statements();
    write_notes();
  }
  for (const auto number : api_.watchers().end_all("the controller is stopping")) server_->wake(number);
  answer_all_waiting();
  const auto until_ms = clock_.boot_ms() + kDrainMs;
  while (!server_->drained() && clock_.boot_ms() < until_ms) {
    std::array items = {Waitable{.socket = nullptr, .fd = server_->epoll_fd()}};
    wait_any(items, server_->timeout_ms(kWaitingMs));
    server_->run();
    answer_all_waiting();
  }
  return Done{};
}

int HttpThread::longest_sleep_ms() {
  if (api_.watchers().busy()) return 0;
  if (api_.watchers().any()) return kWatchedMs;
  return waiting_.empty() ? kIdleMs : kWaitingMs;
}

void HttpThread::tell_watchers() {
  auto& watchers = api_.watchers();
  watchers.look(api_.view());
  for (const auto number : watchers.turn()) server_->wake(number);
}

std::optional<HttpResponse> HttpThread::on_request(std::uint64_t ticket, const HttpRequest& request) {
  auto handled = api_.handle(request);
  auto response = go_on(ticket, handled.route, handled.note, std::move(handled.outcome));
  if (response && (response->status == 401 || response->status == 421)) complain(request, response->status);
  return response;
}

/// The response when there is one now, else the request waits under its ticket.
std::optional<HttpResponse> HttpThread::go_on(std::uint64_t ticket, const std::string& route,
                                              const std::shared_ptr<const RequestNote>& note, Outcome outcome) {
  if (auto* response = std::get_if<HttpResponse>(&outcome.what)) return api_.finish(route, std::move(*response), note.get());
  Ask& question = std::get<Ask>(outcome.what);
  const bool changes = std::holds_alternative<AdminRequest>(question.question);
  const auto deadline_ms = clock_.boot_ms() + question.limit_ms;
  if (auto asked = ask(ticket, std::move(question.question)); !asked) {
    ++unasked_;
    return go_on(ticket, route, note, question.then(Error{ErrorCode::kUnavailable, "the controller is too busy to answer now: ask again"}));
  }
  waiting_[ticket] = {.route = route,
                      .note = note,
                      .then = std::move(question.then),
                      .deadline_ms = deadline_ms,
                      .limit_ms = question.limit_ms,
                      .changes = changes,
                      .given_up = false};
  return std::nullopt;
}

Result<Done> HttpThread::ask(std::uint64_t ticket, Question question) {
  if (auto* query = std::get_if<NodeQuery>(&question)) {
    query->ticket = ticket;
    return send_object(map_, std::make_unique<NodeQuery>(std::move(*query)), false);
  }
  if (auto* past = std::get_if<HistoryRequest>(&question)) {
    if (options_.history.empty()) return Error{ErrorCode::kUnavailable, "this controller keeps no history"};
    past->ticket = ticket;
    return send_object(history_, std::make_unique<HistoryRequest>(std::move(*past)), false);
  }
  if (auto* job = std::get_if<PasswordJob>(&question)) {
    if (options_.passwords.empty()) return Error{ErrorCode::kUnavailable, "this controller takes no passwords"};
    job->ticket = ticket;
    return send_object(passwords_, std::make_unique<PasswordJob>(std::move(*job)), false);
  }
  if (auto* job = std::get_if<SqlJob>(&question)) {
    if (sql_.empty()) return Error{ErrorCode::kUnavailable, "this controller answers no SQL"};
    job->ticket = ticket;
    return statements_.add(std::move(*job));
  }
  auto& request = std::get<AdminRequest>(question);
  request.ticket = ticket;
  return send_object(admin_, std::make_unique<AdminRequest>(std::move(request)), false);
}

bool HttpThread::take_answers() {
  for (std::size_t i = 0; i < kAnswersPerTurn; ++i) {
    auto input = receive_object<HttpInput>(input_, 0);
    if (!input) return true;
    if (!*input) return false;
    if (auto* nodes = std::get_if<NodeAnswer>(input->get())) {
      const auto ticket = nodes->ticket;
      take_answer(ticket, std::move(*nodes));
    } else if (auto* admin = std::get_if<AdminAnswer>(input->get())) {
      const auto ticket = admin->ticket;
      take_answer(ticket, std::move(*admin));
    } else if (auto* past = std::get_if<HistoryAnswer>(input->get())) {
      const auto ticket = past->ticket;
      take_answer(ticket, std::move(*past));
    } else if (const auto* told = std::get_if<AlertTold>(input->get())) {
      api_.watchers().take(told->alert);
    } else if (auto* sql = std::get_if<SqlDone>(input->get())) {
      const auto ticket = sql->ticket;
      statements_.done(sql->worker);
      take_answer(ticket, std::move(*sql));
    } else if (auto* password = std::get_if<PasswordDone>(input->get())) {
      const auto ticket = password->ticket;
      take_answer(ticket, std::move(*password));
    }
  }
  return true;
}

void HttpThread::take_answer(std::uint64_t ticket, const Answer& answer) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) {
    ++late_;
    return;
  }
  const Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  auto outcome = waiting.then(answer);
  if (waiting.given_up) {
    --given_up_;
    ++late_;
    return;
  }
  if (auto response = go_on(ticket, waiting.route, waiting.note, std::move(outcome))) server_->answer(ticket, std::move(*response));
}

void HttpThread::begin_statements() {
  while (auto next = statements_.take([this](std::uint64_t ticket) { return waiting_.contains(ticket); })) {
    // A worker that is free reads its pipe.
    static_cast<void>(send_object(sql_[next->worker], std::make_unique<SqlJob>(std::move(next->job)), false));
  }
}

void HttpThread::give_up_late_ones() {
  const auto now_ms = clock_.boot_ms();
  if (now_ms < looked_at_ms_ + kLookEveryMs) return;
  looked_at_ms_ = now_ms;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    auto& [ticket, waiting] = *at;
    if (waiting.given_up || now_ms < waiting.deadline_ms) {
      ++at;
      continue;
    }
    const Error late{ErrorCode::kTimeout,
                     "the part of the controller that knows did not answer within " + std::to_string(waiting.limit_ms / 1'000) + " s"};
    if (auto response = go_on(ticket, waiting.route, waiting.note, waiting.then(late))) server_->answer(ticket, std::move(*response));
    waiting.given_up = true;
    given_up_ += waiting.changes ? 1 : 0;
    at = waiting.changes ? std::next(at) : waiting_.erase(at);
  }
  while (given_up_ > kMaxGivenUp) forget_oldest_given_up();
}

void HttpThread::forget_oldest_given_up() {
  const auto oldest = std::find_if(waiting_.begin(), waiting_.end(), [](const auto& entry) { return entry.second.given_up; });
  waiting_.erase(oldest);
  --given_up_;
}

void HttpThread::answer_all_waiting() {
  const Error stopping{ErrorCode::kUnavailable, "the controller is stopping"};
  auto all = std::move(waiting_);
  waiting_.clear();
  for (auto& [ticket, waiting] : all) {
    if (waiting.given_up) continue;
    if (auto response = go_on(ticket, waiting.route, waiting.note, waiting.then(stopping))) server_->answer(ticket, std::move(*response));
  }
}

/// To the audit, without waiting: where there is no room, the next line that goes through tells how many did not.
void HttpThread::write_notes() {
  if (auto notes = api_.gate().take_notes(); !notes.empty()) {
    const auto count = notes.size();
    const auto sent =
        send_object(admin_, std::make_unique<AdminRequest>(AdminRequest{.ticket = 0, .what = NoteAudit{std::move(notes)}}), false);
    if (!sent) api_.gate().notes_lost(count);
  }
  if (auto uses = api_.gate().take_uses()) {
    NoteUses note{.users = std::move(uses->users), .token_ids = std::move(uses->token_ids)};
    static_cast<void>(send_object(admin_, std::make_unique<AdminRequest>(AdminRequest{.ticket = 0, .what = std::move(note)}), false));
  }
}

void HttpThread::complain(const HttpRequest& request, int status) {
  complaints_.warn(clock_.boot_ms(), "http_refused",
                   {{"status", status}, {"target", request.target}, {"host", header(request, "host").value_or("")}});
}

Metrics HttpThread::metrics() const {
  const auto counts = server_->counts();
  Metrics out;
  const auto add = [&out](const char* name, const char* help, Metric::Kind kind, std::uint64_t value) {
    out.push_back({name, help, kind, {}, static_cast<double>(value)});
  };
  using enum Metric::Kind;
  add("capmap_http_open_connections", "Open HTTP connections.", kGauge, counts.connections);
  add("capmap_http_connections_total", "HTTP connections accepted.", kCounter, counts.accepted);
  add("capmap_http_waiting_requests", "Requests that wait for another thread.", kGauge, waiting_.size() - given_up_);
  add("capmap_http_protocol_errors_total", "What was refused before it was a request: not HTTP, or too long a head.", kCounter,
      counts.protocol_errors);
  add("capmap_http_slow_connections_total", "Connections cut because a request was not complete in time.", kCounter, counts.slow);
  add("capmap_http_overlong_bodies_total", "Connections cut because a body would not end.", kCounter, counts.overlong);
  add("capmap_http_late_answers_total", "Answers of other threads that came after the deadline.", kCounter, late_);
  add("capmap_sql_running", "SQL statements at work.", kGauge, statements_.running());
  add("capmap_sql_waiting", "SQL statements that wait for a worker.", kGauge, statements_.waiting());
  add("capmap_http_unasked_total", "Questions another thread had no room for.", kCounter, unasked_);
  return out;
}

}  // namespace

Result<Done> run_http(zmq::context_t& context, const HttpOptions& options, const HttpSources& sources,
                      std::promise<Result<std::uint16_t>>& ready) {
  HttpThread thread(options, sources);
  const auto port = thread.open(context);
  ready.set_value(port);
  if (!port) return port.error();
  return thread.run();
}

}  // namespace capmap
