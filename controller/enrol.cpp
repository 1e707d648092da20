#include "controller/enrol.hpp"

#include <array>
#include <map>
#include <utility>

#include "common/codec.hpp"
#include "common/log.hpp"
#include "controller/admission.hpp"
#include "controller/join_rates.hpp"
#include "controller/pipes.hpp"

namespace capmap {
namespace {

constexpr std::size_t kJoinsPerTurn = 64, kDecisionsPerTurn = 1'024;
constexpr std::uint64_t kMetricsEveryMs = 1'000;
constexpr std::uint32_t kAskAgainS = 10;
constexpr std::uint32_t kKeyQuestionsAJoin = 10;  ///< which keys there are may be asked so much oftener than to join: it costs little

struct Pipes {
  zmq::socket_t router, decisions, store;
};

class Enrol {
 public:
  Enrol(Pipes pipes, const EnrolOptions& options, const Clock& clock, Published<Metrics>& metrics)
      : pipes_(std::move(pipes)),
        clock_(clock),
        metrics_(metrics),
        rates_(options.joins_per_address_a_s, options.joins_a_s),
        key_rates_(kKeyQuestionsAJoin * options.joins_per_address_a_s, kKeyQuestionsAJoin * options.joins_a_s),
        server_keys_(options.server_keys),
        other_port_(options.other_port) {}

  Result<Done> run();

 private:
  /// False on stop.
  bool take_decisions();
  void take_joins();
  /// False: too many ask; it was told when to ask again.
  bool in_time(Routed& routed);
  void tell_keys(Routed& routed);
  void refuse_bytes(const Routed& routed, const std::string& what);
  void answer(const JoinDecision& decision);
  void publish_metrics();

  Pipes pipes_;
  const Clock& clock_;
  Published<Metrics>& metrics_;
  std::map<std::string, std::uint64_t> joins_;
  std::uint64_t metrics_at_ms_ = 0;
  RateLimit complaints_{20}, crowd_{5};
  JoinRates rates_, key_rates_;
  const Published<ServerKeyState>* server_keys_;
  std::uint16_t other_port_;
  std::uint64_t keys_told_ = 0, keys_refused_ = 0;
};

Result<Done> Enrol::run() {
  for (;;) {
    std::array items = {Waitable{.socket = &pipes_.router}, Waitable{.socket = &pipes_.decisions}};
    wait_any(items, static_cast<int>(kMetricsEveryMs));
    if (items[1].ready && !take_decisions()) return Done{};
    if (items[0].ready) take_joins();
    publish_metrics();
  }
}

void Enrol::take_joins() {
  for (std::size_t i = 0; i < kJoinsPerTurn; ++i) {
    auto routed = receive_routed(pipes_.router);
    if (!routed) return;
    if (!in_time(*routed)) continue;
    if (routed->extra_frames) {
      refuse_bytes(*routed, "more frames than one");
      continue;
    }
    if (is_key_offer({static_cast<const std::byte*>(routed->payload.data()), routed->payload.size()})) {
      tell_keys(*routed);
      continue;
    }
    auto join = decode_join({static_cast<const std::byte*>(routed->payload.data()), routed->payload.size()});
    if (!join) {
      refuse_bytes(*routed, join.error().what);
      continue;
    }
    const auto* route = static_cast<const std::byte*>(routed->route.data());
    JoinRequest request{.route = Bytes(route, route + routed->route.size()),
                        .key = std::string(routed->user_id),
                        .join = std::move(*join),
                        .address = std::string(peer_address(*routed))};
    JoinDecision busy{.route = request.route, .hostname = request.join.hostname, .answer = "not_stored", .joined = {}};
    busy.joined.retry_after_s = kAskAgainS;
    if (!send_object(pipes_.store, std::make_unique<JoinRequest>(std::move(request)), false)) {
      busy.joined.reason = "the controller could not keep it, try again later: too many machines are joining at this moment";
      answer(busy);
    }
  }
}

bool Enrol::in_time(Routed& routed) {
  const auto now_ms = clock_.boot_ms();
  const auto address = peer_address(routed);
  const auto taken = rates_.take(address, now_ms);
  if (taken == JoinRates::Answer::kTake) return true;
  const bool from_here = taken == JoinRates::Answer::kTooManyFromHere;
  ++joins_[from_here ? "address_rate" : "total_rate"];
  crowd_.warn(now_ms, "joins_too_many",
              {{"from", from_here ? address : "all"}, {"setting", from_here ? "enrol.joins_per_address_per_s" : "enrol.joins_per_s"}});
  Joined later;
  later.reason =
      from_here ? "too many requests to join come from this address: ask again later" : "too many machines ask to join: ask again later";
  later.retry_after_s = rates_.turn_s();
  static_cast<void>(send_routed(pipes_.router, std::as_bytes(std::span(static_cast<const char*>(routed.route.data()), routed.route.size())),
                                encode(later)));
  return false;
}

void Enrol::tell_keys(Routed& routed) {
  if (key_rates_.take(peer_address(routed), clock_.boot_ms()) != JoinRates::Answer::kTake) {
    ++keys_refused_;  // it asks again in some seconds
    return;
  }
  const auto state = server_keys_ == nullptr ? nullptr : server_keys_->take();
  if (!state) return;
  ++keys_told_;
  const auto* route = static_cast<const std::byte*>(routed.route.data());
  static_cast<void>(send_routed(pipes_.router, {route, routed.route.size()}, encode(news_of(*state, other_port_))));
}

void Enrol::refuse_bytes(const Routed& routed, const std::string& what) {
  ++joins_["malformed"];
  complaints_.warn(clock_.boot_ms(), "join_malformed", {{"key", routed.user_id}, {"what", what}});
}

bool Enrol::take_decisions() {
  for (std::size_t i = 0; i < kDecisionsPerTurn; ++i) {
    auto decision = receive_object<JoinDecision>(pipes_.decisions, 0);
    if (!decision) return true;
    if (!*decision) return false;
    answer(**decision);
  }
  return true;
}

void Enrol::answer(const JoinDecision& decision) {
  ++joins_[decision.answer];
  const Joined& joined = decision.joined;
  if (joined.pending) {
    complaints_.warn(clock_.boot_ms(), "join_pending", {{"id", to_text(joined.node_id)}, {"hostname", decision.hostname}});
  } else if (joined.accepted) {
    log_info("joined", {{"node", to_text(joined.node_id)}, {"hostname", decision.hostname}, {"site", joined.site_name}});
  } else {
    complaints_.warn(clock_.boot_ms(), "join_refused", {{"reason", decision.answer}, {"hostname", decision.hostname}});
  }
  // A peer that is gone asks again and gets the same answer.
  static_cast<void>(send_routed(pipes_.router, decision.route, encode(joined)));
}

void Enrol::publish_metrics() {
  const auto now_ms = clock_.boot_ms();
  if (now_ms < metrics_at_ms_ + kMetricsEveryMs) return;
  metrics_at_ms_ = now_ms;
  Metrics out;
  for (const char* answer : kJoinAnswers) {
    out.push_back({"capmap_enrol_joins_total",
                   "Requests to join, by answer.",
                   Metric::Kind::kCounter,
                   {{"answer", answer}},
                   static_cast<double>(joins_[answer])});
  }
  out.push_back({"capmap_enrol_keys_told_total",
                 "Questions which keys the message ports have: of machines that join, and of agents that know none of them any more.",
                 Metric::Kind::kCounter,
                 {},
                 static_cast<double>(keys_told_)});
  out.push_back({"capmap_enrol_keys_refused_total",
                 "Such questions that came too often from an address or in all; they get no answer.",
                 Metric::Kind::kCounter,
                 {},
                 static_cast<double>(keys_refused_)});
  out.push_back({"capmap_enrol_callers",
                 "Addresses that requests to join came from lately.",
                 Metric::Kind::kGauge,
                 {},
                 static_cast<double>(rates_.callers())});
  metrics_.publish(std::make_shared<const Metrics>(std::move(out)));
}

}  // namespace

Result<Done> run_enrol(zmq::context_t& context, zmq::context_t& strangers, const EnrolOptions& options, const Clock& clock,
                       std::promise<Result<std::string>>& ready, Published<Metrics>& metrics) {
  auto decisions = open_pull(context, kEnrolPipe);
  auto store = open_push(context, kStorePipe);
  auto router = open_router(strangers, {.endpoint = options.endpoint, .keys = options.keys, .zap_domain = "enrol"});
  for (const auto* socket : {&decisions, &store, &router}) {
    if (*socket) continue;
    ready.set_value(socket->error());
    return socket->error();
  }
  ready.set_value(bound_endpoint(*router));
  return Enrol({std::move(*router), std::move(*decisions), std::move(*store)}, options, clock, metrics).run();
}

}  // namespace capmap
