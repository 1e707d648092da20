#pragma once
#include <array>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/codec.hpp"
#include "common/ids.hpp"
#include "common/transport.hpp"
#include "controller/zap.hpp"

namespace capmap::support {

/// The message port of a controller and no more: the real zap thread, a ROUTER, and acks by the protocol's rules. For tests of what
/// talks to it. Starts with construction, is gone with destruction; a new one on the same endpoint is a restarted controller.
class SmallController {
 public:
  struct Heard {
    std::string user_id;
    AgentMessage message;
  };

  explicit SmallController(CurveKeys keys, const std::string& endpoint = "tcp://127.0.0.1:0", std::uint32_t interval_ms = 200)
      : keys_(std::move(keys)), interval_ms_(interval_ms) {
    std::promise<void> zap_ready;
    zap_ = std::thread([this, &zap_ready] { static_cast<void>(run_zap(context_, {.keys = kKeys}, zap_ready, metrics)); });
    zap_ready.get_future().wait();
    updates_ = std::move(*open_push(context_, kKeys));
    std::promise<Result<std::string>> bound;
    thread_ = std::thread([this, &bound, endpoint] { serve(endpoint, bound); });
    auto where = bound.get_future().get();
    if (where) {
      endpoint_ = *where;
    } else {
      failure_ = where.error();
    }
  }
  ~SmallController() {
    stop_ = true;
    thread_.join();
    send_stop(updates_);
    zap_.join();
  }
  SmallController(const SmallController&) = delete;
  SmallController& operator=(const SmallController&) = delete;

  /// Empty when it could not be bound; failure() says why.
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] const Error& failure() const { return failure_; }
  [[nodiscard]] const CurveKeys& keys() const { return keys_; }

  NodeId let_in(const std::string& public_key) { return update(public_key, false); }
  void revoke(const std::string& public_key) { update(public_key, true); }
  /// Reads but does not answer.
  void be_silent(bool silent) { silent_ = silent; }

  [[nodiscard]] std::vector<Heard> heard() const {
    const std::lock_guard hold(mutex_);
    return heard_;
  }
  template <class Kind>
  [[nodiscard]] std::size_t count() const {
    std::size_t found = 0;
    for (const auto& one : heard()) found += std::holds_alternative<Kind>(one.message) ? 1 : 0;
    return found;
  }

  Published<Metrics> metrics;
  std::atomic<std::uint64_t> time_unix_ms{0};  ///< what acks say the time is

 private:
  static constexpr const char* kKeys = "inproc://keys";

  /// What a controller remembers of one run.
  struct Known {
    std::uint32_t seq = 0;
    bool usage = false;
  };

  NodeId update(const std::string& public_key, bool revoked) {
    const auto node = random_id<NodeId>();
    static_cast<void>(send_object(updates_, std::make_unique<KeyUpdate>(KeyUpdate{public_key, node, revoked})));
    return node;
  }

  void serve(const std::string& endpoint, std::promise<Result<std::string>>& bound) {
    auto router = open_router(context_, {.endpoint = endpoint, .keys = keys_, .zap_domain = "agents"});
    if (!router) {
      bound.set_value(router.error());
      return;
    }
    bound.set_value(bound_endpoint(*router));
    while (!stop_) {
      std::array items = {Waitable{.socket = &*router}};
      if (!wait_any(items, 20)) continue;
      while (auto routed = receive_routed(*router)) answer(*router, *routed);
    }
  }

  void answer(zmq::socket_t& router, const Routed& routed) {
    const auto message = decode_agent_message({static_cast<const std::byte*>(routed.payload.data()), routed.payload.size()});
    if (!message || routed.user_id.empty()) return;
    {
      const std::lock_guard hold(mutex_);
      heard_.push_back({std::string(routed.user_id), *message});
    }
    if (!silent_) {
      const Bytes ack = encode(ack_of(*message));
      static_cast<void>(send_routed(router, {static_cast<const std::byte*>(routed.route.data()), routed.route.size()}, ack));
    }
  }

  Ack ack_of(const AgentMessage& message) {
    const auto& envelope = std::visit([](const auto& kind) -> const Envelope& { return kind.envelope; }, message);
    Ack ack;
    ack.epoch = epoch_;
    ack.run_id = envelope.run_id;
    ack.next_interval_ms = interval_ms_;
    ack.time_unix_ms = time_unix_ms;
    if (std::holds_alternative<Hello>(message)) runs_[envelope.run_id].usage = false;
    const auto run = runs_.find(envelope.run_id);
    ack.need_hello = run == runs_.end();
    if (ack.need_hello) return ack;
    if (std::holds_alternative<ShapeMessage>(message)) shape_known_ = true;
    if (std::holds_alternative<UsageMessage>(message)) run->second.usage = true;
    run->second.seq = std::max(run->second.seq, envelope.seq);
    ack.session = 1;
    ack.applied_seq = run->second.seq;
    ack.need_shape = !shape_known_;
    ack.need_usage = !run->second.usage;
    return ack;
  }

  zmq::context_t context_{1};
  CurveKeys keys_;
  std::uint32_t interval_ms_;
  std::uint64_t epoch_ = random_u64();
  std::atomic<bool> stop_ = false, silent_ = false;
  std::map<std::uint64_t, Known> runs_;  ///< the serving thread's alone
  bool shape_known_ = false;
  mutable std::mutex mutex_;
  std::vector<Heard> heard_;
  zmq::socket_t updates_;
  std::string endpoint_;
  Error failure_;
  std::thread zap_, thread_;
};

}  // namespace capmap::support
