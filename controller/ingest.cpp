#include "controller/ingest.hpp"

#include <array>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "common/batch.hpp"
#include "common/codec_reused.hpp"
#include "common/connection_watch.hpp"
#include "common/log.hpp"
#include "controller/child_backlog.hpp"
#include "controller/ingest_senders.hpp"
#include "controller/key_orders.hpp"
#include "controller/message_sender.hpp"
#include "controller/pipes.hpp"

namespace capmap {
namespace {

constexpr std::size_t kBatchReports = 512;  ///< taken from the socket before acks get their turn
constexpr std::uint32_t kFloodDrops = 200;  ///< a node of which so many were dropped is told to the map as flooding
constexpr std::uint64_t kMetricsEveryMs = 1'000, kPortEveryMs = 10;

std::span<const std::byte> bytes_of(const zmq::message_t& message) {
  return {static_cast<const std::byte*>(message.data()), message.size()};
}

class Ingest {
 public:
  Ingest(zmq::socket_t router, zmq::socket_t input, zmq::socket_t map, zmq::socket_t keys, ServerPorts ports, const Clock& clock,
         Published<Metrics>& metrics, Pulse* pulse)
      : router_(std::move(router)),
        input_(std::move(input)),
        map_(std::move(map)),
        keys_(std::move(keys)),
        ports_(std::move(ports)),
        clock_(clock),
        metrics_(metrics),
        pulse_(pulse) {}

  Result<Done> run();

 private:
  /// False on stop.
  bool send_acks();
  Result<Done> take_reports();
  void admit(Routed routed, ReportBatch& batch);
  void admit_child(const From& from, bool on_other_port, Routed routed, std::uint64_t now_ms);
  void drop(const char* reason, ChildSender& sender, std::string_view who);
  Result<Done> hand_on_children(std::uint64_t received_ms);
  void take_orders(const KeyOrders& orders);
  /// A message under a key that its sender has only offered: the store is told, now and then until it has it.
  void tell_use(const From& from, const Routed& routed, std::uint64_t now_ms);
  void take_offer(const From& from, KeyKnowledge& sender, const Routed& routed);
  void ask_for_key(bool& rotate, const Routed& routed);
  /// What it is to hear of the server's keys.
  void tell_server_keys(KeyKnowledge& sender, bool on_other_port, const Routed& routed, std::uint64_t now_ms);
  void count_knowing();
  /// A key that is let in no more still has its connection: it ends, and nothing it says is taken.
  void cut_off(Routed& routed);
  void refuse(const char* reason, std::string_view who, const std::string& what);
  void publish_metrics();

  zmq::socket_t router_, input_, map_, keys_;
  ServerPorts ports_;
  const Clock& clock_;
  Published<Metrics>& metrics_;
  Pulse* pulse_;
  ReusedCodec codec_;
  std::unordered_map<NodeId, Sender, IdHash> senders_;
  std::unordered_map<ControllerId, ChildSender, IdHash> children_;
  std::unordered_set<NodeId, IdHash> refused_nodes_;  ///< since the start: zap lets none of before in
  std::unordered_set<ControllerId, IdHash> refused_children_;
  std::unordered_map<NodeId, std::uint64_t, IdHash> uses_told_ms_;  ///< of nodes that use a key which the store has not taken yet
  ChildBacklog backlog_;
  std::array<std::uint64_t, std::variant_size_v<AgentMessage>> taken_{};
  std::array<std::uint64_t, std::variant_size_v<ChildMessage>> taken_from_children_{};
  std::map<std::string, std::uint64_t> refused_;
  std::uint64_t key_offers_ = 0, bytes_ = 0, acks_sent_ = 0, acks_lost_ = 0, metrics_at_ms_ = 0;
  std::size_t last_taken_ = 0;
  RateLimit complaints_{20}, child_complaints_{20};  ///< apart: neither drowns the other
};

Result<Done> Ingest::run() {
  for (;;) {
    std::array items = {Waitable{.socket = &router_}, Waitable{.socket = &input_}};
    if (pulse_ != nullptr) pulse_->beat(clock_.boot_ms());
    ports_.follow(router_, clock_.boot_ms());
    wait_any(items, static_cast<int>(ports_.waits() ? kPortEveryMs : kMetricsEveryMs));
    if (items[0].ready || items[1].ready || !backlog_.empty()) {
      if (!send_acks()) break;
      if (auto taken = take_reports(); !taken) return taken;
    }
    count_knowing();
    publish_metrics();
  }
  if (auto taken = take_reports(); !taken) return taken;  // what was received before the stop is still applied
  send_stop(map_);
  return Done{};
}

bool Ingest::send_acks() {
  for (std::size_t i = 0; i < kBatchReports; ++i) {
    auto batch = receive_object<AckBatch>(input_, 0);
    if (!batch) return true;
    if (!*batch) return false;
    if ((*batch)->keys) take_orders(*(*batch)->keys);
    for (const auto& out : (*batch)->acks) {
      const auto sent = send_routed(router_, std::as_bytes(std::span(out.route)), codec_.encode(out.ack));
      ++(sent ? acks_sent_ : acks_lost_);  // the peer is gone or does not read: it will ask again
    }
    backlog_.answered((*batch)->child_reports, clock_.boot_ms());
    for (auto& out : (*batch)->child_acks) {
      out.ack.next_interval_ms = backlog_.stretched(out.ack.next_interval_ms);
      const auto sent = send_routed(router_, std::as_bytes(std::span(out.route)), encode(out.ack));
      ++(sent ? acks_sent_ : acks_lost_);
    }
  }
  return true;
}

Result<Done> Ingest::take_reports() {
  auto batch = std::make_unique<MapInput>(ReportBatch{});
  auto& reports = *std::get_if<ReportBatch>(batch.get());
  reports.received_boot_ms = clock_.boot_ms();
  reports.reports.reserve(last_taken_);
  const auto received_ms = reports.received_boot_ms;
  for (std::size_t i = 0; i < kBatchReports; ++i) {
    auto routed = receive_routed(router_);
    if (!routed) break;
    admit(std::move(*routed), reports);
  }
  last_taken_ = reports.reports.size();
  if (!reports.reports.empty() || !reports.flooding.empty()) {
    if (auto sent = send_object(map_, std::move(batch)); !sent) return sent;
  }
  return hand_on_children(received_ms);
}

Result<Done> Ingest::hand_on_children(std::uint64_t received_ms) {
  ChildBatch next{.received_boot_ms = received_ms, .reports = backlog_.next(received_ms)};
  if (next.reports.empty()) return Done{};
  return send_object(map_, std::make_unique<MapInput>(std::move(next)));
}

void Ingest::admit_child(const From& from, bool on_other_port, Routed routed, std::uint64_t now_ms) {
  const ControllerId child{from.node.bytes};
  if (refused_children_.contains(child)) return cut_off(routed);
  if (routed.extra_frames) return refuse("malformed", routed.user_id, "more frames than one");
  auto& sender = children_.try_emplace(child, ChildSender{.refilled_ms = now_ms}).first->second;
  if (from.generation < sender.generation) return cut_off(routed);
  if (!sender.take(now_ms)) return drop("child_rate", sender, routed.user_id);
  if (from.generation > sender.generation) tell_use(from, routed, now_ms);
  if (is_key_offer(bytes_of(routed.payload))) return take_offer(from, sender.keys, routed);
  tell_server_keys(sender.keys, on_other_port, routed, now_ms);
  if (sender.rotate) ask_for_key(sender.rotate, routed);
  auto message = decode_child_message(bytes_of(routed.payload));
  if (!message) return refuse("malformed", routed.user_id, message.error().what);
  const auto kind = message->index();
  if (!backlog_.put({.child = child, .route = routed.route.to_string(), .message = std::move(*message)}, now_ms)) {
    return drop("child_backlog", sender, routed.user_id);
  }
  ++taken_from_children_[kind];
}

void Ingest::take_orders(const KeyOrders& orders) {
  for (const auto& node : orders.refused) {
    refused_nodes_.insert(node);
    senders_.erase(node);
    uses_told_ms_.erase(node);
  }
  for (const auto& child : orders.refused_children) {
    refused_children_.insert(child);
    children_.erase(child);
  }
  for (const auto& taken : orders.taken) {
    uses_told_ms_.erase(taken.node);
    if (taken.child) {
      const auto child = children_.find(ControllerId{taken.node.bytes});
      if (child != children_.end()) child->second.generation = taken.generation;
    } else if (const auto sender = senders_.find(taken.node); sender != senders_.end()) {
      sender->second.generation = taken.generation;
    }
  }
  for (const auto& answer : orders.answers) {
    static_cast<void>(send_routed(router_, std::as_bytes(std::span(answer.route)), encode(answer.news)));
  }
  for (const auto& node : orders.rotate) senders_.try_emplace(node, Sender{.refilled_ms = clock_.boot_ms()}).first->second.rotate = true;
  for (const auto& child : orders.rotate_children) {
    children_.try_emplace(child, ChildSender{.refilled_ms = clock_.boot_ms()}).first->second.rotate = true;
  }
  if (!orders.rotate_all) return;
  for (auto& [node, sender] : senders_) sender.rotate = true;
  for (auto& [child, sender] : children_) sender.rotate = true;
}

void Ingest::tell_use(const From& from, const Routed& routed, std::uint64_t now_ms) {
  constexpr std::uint64_t kAgainMs = 10'000;
  auto& told_ms = uses_told_ms_[from.node];
  if (told_ms != 0 && now_ms < told_ms + kAgainMs) return;
  KeyWord word{.node = from.node, .route = routed.route.to_string(), .generation = from.generation, .child = from.child};
  if (send_object(keys_, std::make_unique<KeyWord>(std::move(word)), false)) told_ms = now_ms;
}

void Ingest::take_offer(const From& from, KeyKnowledge& sender, const Routed& routed) {
  auto offer = decode_key_offer(bytes_of(routed.payload));
  if (!offer) return refuse("malformed", routed.user_id, offer.error().what);
  ++key_offers_;
  ports_.learned(sender, offer->known_server_key);
  if (offer->next_public_key.empty()) return;
  KeyWord word{
      .node = from.node, .route = routed.route.to_string(), .generation = from.generation, .offer = std::move(*offer), .child = from.child};
  static_cast<void>(send_object(keys_, std::make_unique<KeyWord>(std::move(word)), false));  // who gets no answer offers again
}

void Ingest::ask_for_key(bool& rotate, const Routed& routed) {
  const auto* route = static_cast<const std::byte*>(routed.route.data());
  if (send_routed(router_, {route, routed.route.size()}, encode(KeyNews{.rotate = true}))) rotate = false;
}

void Ingest::tell_server_keys(KeyKnowledge& sender, bool on_other_port, const Routed& routed, std::uint64_t now_ms) {
  const auto news = ports_.heard(sender, on_other_port, now_ms);
  if (!news) return;
  const auto* route = static_cast<const std::byte*>(routed.route.data());
  if (!send_routed(router_, {route, routed.route.size()}, encode(*news))) sender.told = 0;
}

void Ingest::count_knowing() {
  const auto now_ms = clock_.boot_ms();
  if (!ports_.wants_count(now_ms)) return;
  ports_.begin_count(now_ms);
  for (const auto& [node, sender] : senders_) ports_.count(sender.keys, sender.refilled_ms);
  for (const auto& [child, sender] : children_) ports_.count(sender.keys, sender.refilled_ms);
  ports_.end_count(clock_.boot_ms());
}

void Ingest::cut_off(Routed& routed) {
  refuse("revoked", routed.user_id, "its key is let in no more: the connection is ended");
  end_connection(routed);
}

void Ingest::drop(const char* reason, ChildSender& sender, std::string_view who) {
  ++refused_[reason];
  ++sender.dropped;
  child_complaints_.warn(clock_.boot_ms(), "child_flooding", {{"reason", reason}, {"child", who}, {"dropped", sender.dropped}});
}

void Ingest::admit(Routed routed, ReportBatch& batch) {
  bytes_ += routed.payload.size();
  const bool on_other_port = take_port_mark(routed.user_id);
  const auto from = sender_of(routed.user_id);
  if (!from) return refuse("no_identity", "?", "a message without a known key");
  if (from->child) return admit_child(*from, on_other_port, std::move(routed), batch.received_boot_ms);
  if (!refused_nodes_.empty() && refused_nodes_.contains(from->node)) return cut_off(routed);
  if (routed.extra_frames) return refuse("malformed", routed.user_id, "more frames than one");
  auto& sender = senders_.try_emplace(from->node, Sender{.refilled_ms = batch.received_boot_ms}).first->second;
  if (from->generation < sender.generation) return cut_off(routed);
  if (!sender.take(batch.received_boot_ms)) {
    if (++sender.dropped % kFloodDrops == 0) batch.flooding.push_back(from->node);
    return refuse("rate", routed.user_id, "more messages than one each 100 ms");
  }
  if (from->generation > sender.generation) tell_use(*from, routed, batch.received_boot_ms);
  if (is_key_offer(bytes_of(routed.payload))) return take_offer(*from, sender.keys, routed);
  tell_server_keys(sender.keys, on_other_port, routed, batch.received_boot_ms);
  if (sender.rotate) ask_for_key(sender.rotate, routed);
  auto message = codec_.decode(bytes_of(routed.payload));
  if (!message) return refuse("malformed", routed.user_id, message.error().what);
  ++taken_[message->index()];
  batch.reports.push_back({.node = from->node, .route = routed.route.to_string(), .message = std::move(*message)});
}

void Ingest::refuse(const char* reason, std::string_view who, const std::string& what) {
  ++refused_[reason];
  complaints_.warn(clock_.boot_ms(), "message_refused", {{"reason", reason}, {"node", who}, {"what", what}});
}

void Ingest::publish_metrics() {
  const auto now_ms = clock_.boot_ms();
  if (now_ms < metrics_at_ms_ + kMetricsEveryMs) return;
  metrics_at_ms_ = now_ms;
  constexpr std::array kinds = {"hello", "shape", "heartbeat", "usage", "bye"};
  static_assert(kinds.size() == std::variant_size_v<AgentMessage>);
  Metrics out;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    out.push_back({"capmap_ingest_messages_total",
                   "Messages of agents that were taken, by kind.",
                   Metric::Kind::kCounter,
                   {{"kind", kinds[i]}},
                   static_cast<double>(taken_[i])});
  }
  constexpr std::array child_kinds = {"batch_hello", "batch_shape", "batch_states"};
  static_assert(child_kinds.size() == std::variant_size_v<ChildMessage>);
  for (std::size_t i = 0; i < child_kinds.size(); ++i) {
    out.push_back({"capmap_ingest_messages_total",
                   "Messages of agents that were taken, by kind.",
                   Metric::Kind::kCounter,
                   {{"kind", child_kinds[i]}},
                   static_cast<double>(taken_from_children_[i])});
  }
  for (const char* reason : {"no_identity", "malformed", "rate", "child_rate", "child_backlog", "revoked"}) {
    out.push_back({"capmap_ingest_refused_total",
                   "Messages of agents that were dropped, by reason.",
                   Metric::Kind::kCounter,
                   {{"reason", reason}},
                   static_cast<double>(refused_[reason])});
  }
  const auto counter = [&out](const char* name, const char* help, std::uint64_t value) {
    out.push_back({name, help, Metric::Kind::kCounter, {}, static_cast<double>(value)});
  };
  counter("capmap_ingest_bytes_total", "Payload bytes received from agents.", bytes_);
  counter("capmap_ingest_key_offers_total", "Keys that nodes offered to change to, each as often as it was offered.", key_offers_);
  counter("capmap_ingest_acks_total", "Acks handed to the network.", acks_sent_);
  counter("capmap_ingest_acks_lost_total", "Acks whose agent was gone or did not read.", acks_lost_);
  out.push_back({"capmap_ingest_child_backlog_bytes",
                 "Memory of messages of child controllers that wait for the map or are with it.",
                 Metric::Kind::kGauge,
                 {},
                 static_cast<double>(backlog_.bytes())});
  metrics_.publish(std::make_shared<const Metrics>(std::move(out)));
}

}  // namespace

Result<Done> run_ingest(zmq::context_t& context, const IngestOptions& options, const Clock& clock, std::promise<Result<std::string>>& ready,
                        Published<Metrics>& metrics) {
  auto router = open_router(context, {.endpoint = options.endpoint, .keys = options.keys, .zap_domain = "agents"});
  auto input = open_pull(context, kIngestPipe);
  auto map = open_push(context, kMapPipe), keys = open_push(context, kKeyWordsPipe);
  for (const Error* error : {router ? nullptr : &router.error(), input ? nullptr : &input.error(), map ? nullptr : &map.error(),
                             keys ? nullptr : &keys.error()}) {
    if (error == nullptr) continue;
    ready.set_value(*error);
    return *error;
  }
  if (!options.connections.empty()) {
    if (auto watched = watch_connections(*router, options.connections); !watched) {
      ready.set_value(watched.error());
      return watched;
    }
  }
  const auto endpoint = bound_endpoint(*router);
  ServerPorts ports(options.ports, endpoint, options.keys);
  ports.follow(*router, clock.boot_ms());
  ready.set_value(endpoint);
  return Ingest(std::move(*router), std::move(*input), std::move(*map), std::move(*keys), std::move(ports), clock, metrics, options.pulse)
      .run();
}

}  // namespace capmap
