#include "controller/zap.hpp"

#include <zmq.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "common/clock.hpp"
#include "common/connection_watch.hpp"
#include "common/log.hpp"
#include "common/transport.hpp"
#include "controller/visits.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMetricsEveryMs = 1'000;
constexpr std::uint64_t kRoomEveryMs = 50;                      ///< between two looks for strangers
constexpr std::uint64_t kRoomShare = 20, kRoomPauseMs = 1'000;  ///< a look that found none may take so small a share of the time
constexpr std::uint64_t kCountedAMs = 100;  ///< strangers that may be counted in a millisecond's time, each some system calls
/// Peers of ours say something with their first packet, and the rest as soon as they are answered. While there is some room left they
/// are given the time of a slow line, while there is none that of a fast one.
constexpr ConnectionWatch::Patience kSomeRoom{.silent_ms = 10'000, .slow_ms = 20'000}, kNoRoom{.silent_ms = 100, .slow_ms = 500};
static_assert(Hanging::kHangMs == kTransportHandshakeMaxMs);
constexpr std::uint64_t kCalmMs = 30'000;  ///< nobody had to be ended for so long: over
constexpr std::size_t kUpdatesPerTurn = 10'000;
constexpr std::size_t kKeyBytes = 32, kKeyText = 40;

// Frames of a ZAP request; behind the mechanism come its credentials, for CURVE the peer's public key.
constexpr std::size_t kVersion = 0, kRequestId = 1, kZapDomain = 2, kMechanism = 5, kKey = 6, kRequestFrames = 7;

using Key = std::array<std::uint8_t, kKeyBytes>;

/// Public keys are random already.
struct KeyHash {
  std::size_t operator()(const Key& key) const {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof hash);
    return hash;
  }
};

struct KnownKey {
  NodeId node;
  bool revoked = false, child = false;
  std::uint16_t generation = 0;
  Visits visits = {};
};

struct Answer {
  const char* code = "500";
  const char* text = "";
  std::string user_id;
};

std::string_view text_of(const zmq::message_t& frame) {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

class Zap {
 public:
  Zap(zmq::socket_t requests, zmq::socket_t updates, std::optional<ConnectionWatch> connections, const ZapOptions& options,
      Published<Metrics>& metrics)
      : requests_(std::move(requests)),
        updates_(std::move(updates)),
        connections_(std::move(connections)),
        most_connections_(options.most_connections),
        allow_any_(options.allow_any),
        metrics_(metrics) {}

  void take(const std::vector<KeyUpdate>& known);
  Result<Done> run();

 private:
  /// False on stop, or when the context ended.
  bool take_updates();
  void take(const KeyUpdate& update);
  /// False when the context ended.
  bool answer_one();
  Answer decide(const std::vector<zmq::message_t>& request);
  Answer decide_key(const Key& key);
  /// Why a key that may come in may not come now; null: it may.
  const char* crowded(KnownKey& known);
  void count_connections();
  /// Ends connections of strangers where connections become many: what they hold, agents cannot have.
  void make_room();
  /// How many connections are strangers' who will be ended: they keep no known key out.
  std::uint64_t strangers(std::uint64_t now_ms);
  void publish_metrics(bool now);

  zmq::socket_t requests_, updates_;
  std::optional<ConnectionWatch> connections_;
  std::uint64_t most_connections_, open_ = 0;
  Hanging hanging_;
  bool allow_any_;
  Published<Metrics>& metrics_;
  SystemClock clock_;
  RateLimit unreadable_{20}, crowd_{5};
  std::unordered_map<Key, KnownKey, KeyHash> keys_;
  std::uint64_t accepted_ = 0, unknown_ = 0, revoked_ = 0, malformed_ = 0, full_ = 0, too_often_ = 0, published_ms_ = 0;
  std::uint64_t strangers_ended_ = 0, strangers_ = 0, strangers_ms_ = 0, room_ms_ = 0, crowded_until_ms_ = 0;
};

Result<Done> Zap::run() {
  publish_metrics(true);
  const bool updated = updates_.handle() != nullptr;
  for (;;) {
    std::array<Waitable, 3> items = {Waitable{.socket = &requests_}};
    std::size_t count = 1;
    if (updated) items[count++].socket = &updates_;
    if (connections_) items[count++].socket = &connections_->socket();
    wait_any(std::span(items.data(), count), static_cast<int>(crowded_until_ms_ == 0 ? kMetricsEveryMs : kRoomEveryMs));
    if (connections_) count_connections();
    make_room();
    if ((updated && !take_updates()) || !answer_one()) break;
    publish_metrics(false);
  }
  publish_metrics(true);
  return Done{};
}

bool Zap::take_updates() {
  for (std::size_t i = 0; i < kUpdatesPerTurn; ++i) {
    auto update = receive_object<KeyUpdate>(updates_, 0);
    if (!update) return update.error().code == ErrorCode::kTimeout;
    if (!*update) return false;
    take(**update);
  }
  return true;
}

void Zap::take(const KeyUpdate& update) {
  Key key{};
  if (!is_z85_key(update.public_key)) {
    unreadable_.warn(clock_.boot_ms(), "key_unreadable", {{"node", to_text(update.node)}});
    return;
  }
  zmq_z85_decode(key.data(), update.public_key.c_str());
  if (update.dropped) {
    keys_.erase(key);
    return;
  }
  auto& known = keys_[key];  // what it has visited stays
  known.generation = update.generation;
  known.node = update.node;
  known.revoked = update.revoked;
  known.child = update.child;
}

void Zap::take(const std::vector<KeyUpdate>& known) {
  keys_.reserve(known.size());
  for (const auto& update : known) take(update);
}

bool Zap::answer_one() {
  const auto request = receive_frames(requests_);
  if (!request) return request.error().code == ErrorCode::kTimeout;
  const Answer answer = decide(*request);
  if (answer.user_id.empty()) hanging_.refused(clock_.boot_ms());
  const std::string_view id = request->size() > kRequestId ? text_of((*request)[kRequestId]) : std::string_view{};
  const std::array<std::string_view, 6> frames = {"1.0", id, answer.code, answer.text, answer.user_id, ""};
  static_cast<void>(send_frames(requests_, frames));  // only a connection that ended meanwhile does not take it
  return true;
}

Answer Zap::decide(const std::vector<zmq::message_t>& request) {
  const bool whole = request.size() == kRequestFrames && text_of(request[kVersion]) == "1.0";
  if (!whole || text_of(request[kMechanism]) != "CURVE" || request[kKey].size() != kKeyBytes) {
    ++malformed_;
    return {.code = "400", .text = "only CURVE is let in", .user_id = {}};
  }
  Key key{};
  std::memcpy(key.data(), request[kKey].data(), kKeyBytes);
  Answer answer = decide_key(key);
  if (!allow_any_ && !answer.user_id.empty() && text_of(request[kZapDomain]).ends_with(kOtherPortDomain)) answer.user_id += kOtherPortMark;
  return answer;
}

Answer Zap::decide_key(const Key& key) {
  if (allow_any_) {
    ++accepted_;
    std::array<char, kKeyText + 1> text{};
    zmq_z85_encode(text.data(), key.data(), key.size());
    return {.code = "200", .text = "OK", .user_id = text.data()};
  }
  const auto known = keys_.find(key);
  if (known == keys_.end()) {
    ++unknown_;
    return {.code = "300", .text = "key not known", .user_id = {}};  // it may be enrolled a moment later: the peer may try again
  }
  if (known->second.revoked) {
    ++revoked_;
    return {.code = "400", .text = "key revoked", .user_id = {}};
  }
  if (const char* const why = crowded(known->second)) return {.code = "300", .text = why, .user_id = {}};
  ++accepted_;
  const auto& node = known->second.node;
  std::string id = known->second.child ? to_text(ControllerId{node.bytes}) : to_text(node);
  if (known->second.generation != 0) id += kGenerationMark + std::to_string(known->second.generation);
  return {.code = "200", .text = "OK", .user_id = std::move(id)};
}

void Zap::count_connections() {
  const auto ended_before = connections_->ended();
  open_ = connections_->count(clock_.boot_ms());
  hanging_.ended(connections_->ended() - ended_before);
}

void Zap::make_room() {
  const auto now_ms = clock_.boot_ms();
  if (most_connections_ == 0 || !connections_ || now_ms < room_ms_ + kRoomEveryMs) return;
  room_ms_ = now_ms;
  const auto many = most_connections_ - most_connections_ / 8;
  if (open_ > many) {
    const auto ended = connections_->end_strangers(now_ms, open_ > most_connections_ ? kNoRoom : kSomeRoom, open_ - many);
    strangers_ended_ += ended;
    if (ended == 0) {  // all are ours and wait for us: after a start thousands at once
      room_ms_ += std::min((clock_.boot_ms() - now_ms) * kRoomShare, kRoomPauseMs);
      return;
    }
    if (crowded_until_ms_ == 0) {
      log_warn("strangers_hold_connections", {{"open", open_}, {"most", most_connections_}, {"action", "ended, oldest first"}});
    }
    crowded_until_ms_ = now_ms + kCalmMs;
  } else if (crowded_until_ms_ != 0 && now_ms >= crowded_until_ms_) {
    crowded_until_ms_ = 0;
    log_info("strangers_gone", {{"open", open_}, {"ended_since_start", strangers_ended_}});
  }
}

std::uint64_t Zap::strangers(std::uint64_t now_ms) {
  // Few are counted anew for each who asks: with an old count a known key would be kept out for those who came since.
  if (now_ms < strangers_ms_ + std::min(kRoomEveryMs, strangers_ / kCountedAMs)) return strangers_;
  strangers_ms_ = now_ms;
  strangers_ = connections_ ? connections_->strangers() : 0;
  return strangers_;
}

const char* Zap::crowded(KnownKey& known) {
  const auto now_ms = clock_.boot_ms();
  const auto hanging = hanging_.count(now_ms);
  if (most_connections_ != 0 && open_ > most_connections_ + hanging + strangers(now_ms)) {  // this one is among them
    ++full_;
    crowd_.warn(now_ms, "connections_full",
                {{"open", open_ - hanging - strangers_}, {"most", most_connections_}, {"fix", "raise LimitNOFILE"}});
    return "no room for more connections";
  }
  if (known.visits.take(now_ms)) return nullptr;
  ++too_often_;
  crowd_.warn(now_ms, "connects_too_often",
              {{"node", to_text(known.node)}, {"at_once", Visits::kAtOnce}, {"then_one_each_ms", Visits::kEveryMs}});
  return "this key connects too often";
}

void Zap::publish_metrics(bool now) {
  const auto now_ms = clock_.boot_ms();
  if (!now && now_ms < published_ms_ + kMetricsEveryMs) return;
  published_ms_ = now_ms;
  Metrics out;
  const std::pair<const char*, std::uint64_t> answers[] = {{"accepted", accepted_},   {"unknown", unknown_}, {"revoked", revoked_},
                                                           {"malformed", malformed_}, {"full", full_},       {"too_often", too_often_}};
  for (const auto& [answer, count] : answers) {
    out.push_back({"capmap_zap_requests_total",
                   "Connections that asked to be let in, by answer.",
                   Metric::Kind::kCounter,
                   {{"answer", answer}},
                   static_cast<double>(count)});
  }
  out.push_back({"capmap_zap_keys", "Keys known, revoked ones included.", Metric::Kind::kGauge, {}, static_cast<double>(keys_.size())});
  if (connections_) {
    const auto gauge = [&out](const char* name, const char* help, std::uint64_t value) {
      out.push_back({name, help, Metric::Kind::kGauge, {}, static_cast<double>(value)});
    };
    gauge("capmap_connections", "Connections of agents and child controllers, those that shake hands included.", open_);
    out.push_back({"capmap_strangers_ended_total",
                   "Connections ended because their peer did not begin a handshake while many were open.",
                   Metric::Kind::kCounter,
                   {},
                   static_cast<double>(strangers_ended_)});
    gauge("capmap_connections_crowded", "1 while strangers are being ended, and 30 s after, else 0.", crowded_until_ms_ == 0 ? 0 : 1);
    gauge("capmap_connections_most", "More connections than this are told to try again later; 0 = no limit.", most_connections_);
  }
  metrics_.publish(std::make_shared<const Metrics>(std::move(out)));
}

}  // namespace

Result<Done> run_zap(zmq::context_t& context, const ZapOptions& options, std::promise<void>& ready, Published<Metrics>& metrics) {
  auto requests = open_zap(context);
  zmq::socket_t updates;
  std::optional<Error> failed;
  if (!requests) failed = requests.error();
  if (!failed && !options.keys.empty()) {
    auto pull = open_pull(context, options.keys);
    if (pull) {
      updates = std::move(*pull);
    } else {
      failed = pull.error();
    }
  }
  std::optional<ConnectionWatch> connections;
  if (!failed && !options.connections.empty()) {
    auto watch = ConnectionWatch::open(context, options.connections);
    if (watch) {
      connections = std::move(*watch);
    } else {
      failed = watch.error();
    }
  }
  ready.set_value();
  if (failed) return *failed;
  Zap zap(std::move(*requests), std::move(updates), std::move(connections), options, metrics);
  zap.take(options.known);  // after `ready`: connections wait for their answer, and nobody else has to
  return zap.run();
}

}  // namespace capmap
