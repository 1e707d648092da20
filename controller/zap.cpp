#include "controller/zap.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr const char* kZapEndpoint = "inproc://zeromq.zap.01";
constexpr std::size_t kMaxFrames = 16, kKeyBytes = 32, kUpdatesPerTurn = 10'000;
constexpr int kTurnMs = 1'000;

struct KnownKey {
  std::string user_id;
  bool revoked = false;
};

/// A request as RFC 27 lays it out: envelope, empty, version, request id, domain, address, identity, mechanism, credentials.
struct Request {
  std::vector<zmq::message_t> frames;
  std::size_t body = 0;  ///< index of the version frame

  [[nodiscard]] bool is_curve() const {
    return frames.size() == body + 7 && frames[body].to_string_view() == "1.0" && frames[body + 5].to_string_view() == "CURVE" &&
           frames[body + 6].size() == kKeyBytes;
  }
  [[nodiscard]] std::string key() const {
    std::array<char, 41> text{};
    zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(frames[body + 6].data()), kKeyBytes);
    return text.data();
  }
};

enum class Turn : unsigned char { kAnswered, kNothing, kEnded };

class Zap {
 public:
  Zap(zmq::socket_t handler, const ZapOptions& options, Published<Metrics>& metrics)
      : handler_(std::move(handler)), options_(options), metrics_(metrics) {}

  /// `keys` is null where every key is let in.
  Result<Done> run(zmq::socket_t* keys);

 private:
  /// False on stop.
  bool take_updates(zmq::socket_t* keys);
  Turn answer_one();
  void answer(Request& request);
  void reply(Request& request, const char* code, const char* text, const std::string& user_id);
  void publish_metrics();

  zmq::socket_t handler_;
  ZapOptions options_;
  Published<Metrics>& metrics_;
  std::unordered_map<std::string, KnownKey> keys_;
  std::uint64_t accepted_ = 0, unknown_ = 0, revoked_ = 0, malformed_ = 0;
  std::chrono::steady_clock::time_point published_{};
};

Result<Done> Zap::run(zmq::socket_t* keys) {
  std::vector<Waitable> items = {Waitable{.socket = &handler_}};
  if (keys != nullptr) items.push_back(Waitable{.socket = keys});
  for (Turn turn = Turn::kNothing; turn != Turn::kEnded;) {
    if (turn == Turn::kNothing) wait_any(items, kTurnMs);
    if (!take_updates(keys)) break;  // before each answer: a key that was just let in must not be refused
    turn = answer_one();
    publish_metrics();
  }
  return Done{};
}

bool Zap::take_updates(zmq::socket_t* keys) {
  if (keys == nullptr) return true;
  for (std::size_t i = 0; i < kUpdatesPerTurn; ++i) {
    auto update = receive_object<KeyUpdate>(*keys, 0);
    if (!update) return true;
    if (!*update) return false;
    keys_[(*update)->public_key] = KnownKey{to_text((*update)->node), (*update)->revoked};
  }
  return true;
}

Turn Zap::answer_one() {
  Request request;
  for (bool more = true; more;) {  // libzmq hands over whole messages only: this ends
    zmq::message_t frame;
    if (zmq_msg_recv(frame.handle(), handler_.handle(), ZMQ_DONTWAIT) < 0) return zmq_errno() == ETERM ? Turn::kEnded : Turn::kNothing;
    more = frame.more();
    if (request.frames.size() < kMaxFrames) request.frames.push_back(std::move(frame));
  }
  while (request.body < request.frames.size() && request.frames[request.body].size() != 0) ++request.body;
  ++request.body;
  answer(request);
  return Turn::kAnswered;
}

void Zap::answer(Request& request) {
  if (!request.is_curve()) {
    ++malformed_;
    return reply(request, "400", "only CURVE is spoken here", {});
  }
  const std::string key = request.key();
  if (options_.allow_any) {
    ++accepted_;
    return reply(request, "200", "OK", key);
  }
  const auto known = keys_.find(key);
  if (known == keys_.end()) {
    ++unknown_;
    return reply(request, "300", "unknown key", {});
  }
  if (known->second.revoked) {
    ++revoked_;
    return reply(request, "400", "revoked key", {});
  }
  ++accepted_;
  reply(request, "200", "OK", known->second.user_id);
}

void Zap::reply(Request& request, const char* code, const char* text, const std::string& user_id) {
  if (request.frames.size() < request.body + 2) return;  // not even a request id: nobody to answer
  const auto put = [this](const void* data, std::size_t size, int more) { zmq_send(handler_.handle(), data, size, ZMQ_DONTWAIT | more); };
  for (std::size_t i = 0; i < request.body; ++i) put(request.frames[i].data(), request.frames[i].size(), ZMQ_SNDMORE);
  put("1.0", 3, ZMQ_SNDMORE);
  put(request.frames[request.body + 1].data(), request.frames[request.body + 1].size(), ZMQ_SNDMORE);
  put(code, 3, ZMQ_SNDMORE);
  put(text, std::char_traits<char>::length(text), ZMQ_SNDMORE);
  put(user_id.data(), user_id.size(), ZMQ_SNDMORE);
  put("", 0, 0);
}

void Zap::publish_metrics() {
  const auto now = std::chrono::steady_clock::now();
  if (now - published_ < std::chrono::milliseconds(kTurnMs)) return;
  published_ = now;
  Metrics out;
  const auto requests = [&out](const char* answer, std::uint64_t value) {
    out.push_back({"capmap_zap_requests_total",
                   "Handshakes on the message port, by answer.",
                   Metric::Kind::kCounter,
                   {{"answer", answer}},
                   static_cast<double>(value)});
  };
  requests("accepted", accepted_);
  requests("unknown", unknown_);
  requests("revoked", revoked_);
  requests("malformed", malformed_);
  out.push_back({"capmap_zap_keys", "Keys of nodes that are let in.", Metric::Kind::kGauge, {}, static_cast<double>(keys_.size())});
  metrics_.publish(std::make_shared<const Metrics>(std::move(out)));
}

}  // namespace

Result<Done> run_zap(zmq::context_t& context, const ZapOptions& options, std::promise<void>& ready, Published<Metrics>& metrics) {
  zmq::socket_t handler, keys;
  try {
    handler = zmq::socket_t(context, zmq::socket_type::router);
    handler.set(zmq::sockopt::linger, 0);
    handler.bind(kZapEndpoint);
  } catch (const zmq::error_t& error) {
    ready.set_value();
    return Error{ErrorCode::kUnavailable, std::string(kZapEndpoint) + ": " + error.what()};
  }
  if (!options.keys.empty()) {
    auto pipe = open_pull(context, options.keys);
    if (!pipe) {
      ready.set_value();
      return pipe.error();
    }
    keys = std::move(*pipe);
  }
  ready.set_value();
  return Zap(std::move(handler), options, metrics).run(options.keys.empty() ? nullptr : &keys);
}

}  // namespace capmap
