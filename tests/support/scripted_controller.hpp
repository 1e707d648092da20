#pragma once
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "common/accelerator_addresses.hpp"
#include "common/codec.hpp"
#include "common/ids.hpp"
#include "common/transport.hpp"
#include "controller/zap.hpp"

namespace capmap::support {

/// A message port that a test plays by hand: a real CURVE ROUTER with the real ZAP thread, on loopback. One thread, but for the ZAP one.
class ScriptedController {
 public:
  /// `endpoint` "tcp://127.0.0.1:0" takes a free port. Nobody is let in before admit(), or everybody is (`allow_any`).
  explicit ScriptedController(CurveKeys keys, std::string endpoint = "tcp://127.0.0.1:0", bool allow_any = false) : keys_(std::move(keys)) {
    std::promise<void> ready;
    auto is_ready = ready.get_future();
    zap_ = std::thread([this, allow_any, promise = std::move(ready)]() mutable {
      static_cast<void>(run_zap(context_, {.keys = allow_any ? "" : "inproc://keys", .allow_any = allow_any}, promise, metrics_));
    });
    is_ready.wait();
    if (!allow_any) updates_.emplace(std::move(*open_push(context_, "inproc://keys")));
    router_.emplace(std::move(*open_router(context_, {.endpoint = std::move(endpoint), .keys = keys_, .zap_domain = "agents"})));
  }
  ~ScriptedController() {
    router_.reset();
    if (updates_) send_stop(*updates_);
    updates_.reset();
    context_.shutdown();
    zap_.join();
  }
  ScriptedController(const ScriptedController&) = delete;
  ScriptedController& operator=(const ScriptedController&) = delete;

  void admit(const std::string& public_key) {
    static_cast<void>(
        send_object(*updates_, std::make_unique<KeyUpdate>(KeyUpdate{.public_key = public_key, .node = random_id<NodeId>()})));
  }
  [[nodiscard]] std::string endpoint() { return bound_endpoint(*router_); }
  [[nodiscard]] const CurveKeys& keys() const { return keys_; }

  /// The next message, as it came; empty when none does within the limit.
  std::optional<Routed> receive_raw(std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
      Waitable item{.socket = &*router_};
      wait_any({&item, 1}, 50);
      auto got = receive_routed(*router_);
      if (got) return std::move(*got);
    }
    return std::nullopt;
  }
  void answer(const Routed& to, const Bytes& bytes) {
    static_cast<void>(
        send_routed(*router_, {static_cast<const std::byte*>(to.route.data()), to.route.size()}, std::span<const std::byte>(bytes)));
  }

  /// The next message of an agent, answered as a controller would: a session at hello, the shape asked for when it is new.
  std::optional<AgentMessage> next(std::chrono::milliseconds limit) {
    const auto got = receive_raw(limit);
    if (!got) return std::nullopt;
    auto message = decode_agent_message({static_cast<const std::byte*>(got->payload.data()), got->payload.size()});
    if (!message) return std::nullopt;
    const Envelope envelope = std::visit([](const auto& m) { return m.envelope; }, *message);
    const auto* hello = std::get_if<Hello>(&*message);
    if (hello != nullptr) {
      session_ = 1;
      addresses_ = hello->accelerator_addresses;
    }
    if (auto* usage = std::get_if<UsageMessage>(&*message); usage != nullptr && usage->addresses_as_in_hello) {
      usage->usage.accelerators = with_addresses(std::move(usage->usage.accelerators), addresses_);
    }
    Ack ack{.epoch = epoch, .run_id = envelope.run_id, .session = session_, .applied_seq = envelope.seq, .durable_seq = envelope.seq};
    ack.next_interval_ms = interval_ms;
    ack.need_hello = session_ == 0;
    ack.need_shape = hello != nullptr;
    ack.benchmark_seconds = benchmark_seconds;
    answer(*got, encode(ack));
    return std::move(*message);
  }
  /// Answers messages until one of the wanted kind comes that `fits`; empty when none does within the limit.
  template <class Message>
  std::optional<Message> wait_for(
      std::chrono::milliseconds limit, const std::function<bool(const Message&)>& fits = [](const Message&) { return true; }) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (auto now = std::chrono::steady_clock::now(); now < end; now = std::chrono::steady_clock::now()) {
      auto message = next(std::chrono::duration_cast<std::chrono::milliseconds>(end - now));
      auto* wanted = message ? std::get_if<Message>(&*message) : nullptr;
      if (wanted != nullptr && fits(*wanted)) return std::move(*wanted);
    }
    return std::nullopt;
  }

  std::uint64_t epoch = random_u64();
  std::uint32_t interval_ms = 200;
  std::uint32_t benchmark_seconds = 0;  ///< asked for in each ack

 private:
  zmq::context_t context_{1};
  CurveKeys keys_;
  Published<Metrics> metrics_;
  std::thread zap_;
  std::optional<zmq::socket_t> updates_, router_;
  std::uint32_t session_ = 0;
  std::vector<std::string> addresses_;  ///< of the newest hello
};

}  // namespace capmap::support
