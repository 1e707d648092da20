#pragma once
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/clock.hpp"
#include "common/log.hpp"
#include "common/shape.hpp"
#include "common/uplink.hpp"

namespace capmap::support {

/// The agent's uplink thread with the two pipes a tick thread would hold, and facts and usage for it to send.
class RunningUplink {
 public:
  /// ring: keys that change, in place of the dealer's; server: likewise its endpoint and key.
  explicit RunningUplink(DealerOptions dealer, std::optional<KeyRing> ring = {}, std::optional<KnownServer> server = {}) {
    options_.dealer = std::move(dealer);
    options_.ring = std::move(ring);
    options_.server = std::move(server);
    pace_ = std::move(*open_pull(context_, options_.pace));
    snapshots_ = std::move(*open_push(context_, options_.snapshots));
    outcome_ = std::async(std::launch::async, [this] { return run_uplink(context_, options_, clock_); });
  }
  ~RunningUplink() {
    if (!stopped_ && outcome_.valid() && outcome_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) stop();
  }
  RunningUplink(const RunningUplink&) = delete;
  RunningUplink& operator=(const RunningUplink&) = delete;

  void give_facts() {
    Hello hello;
    hello.hostname = "node";
    Shape shape;
    shape.cpu.model = "Some CPU";
    shape.cpu.cores = 4;
    canonicalize(shape);
    auto input = std::make_unique<UplinkInput>();
    input->facts.emplace(hello, pack_shape(shape));
    static_cast<void>(send_object(snapshots_, std::move(input)));
    give_usage(1'000);
  }
  void give_usage(std::uint32_t busy_millicores, std::uint64_t next_due_ms = 0) {
    auto input = std::make_unique<UplinkInput>();
    input->next_due_ms = next_due_ms;
    input->usage.emplace();
    input->usage->readings.cpu_busy_millicores = busy_millicores;
    static_cast<void>(send_object(snapshots_, std::move(input)));
  }
  /// The next pace it tells; nothing when none comes in time.
  std::optional<UplinkPace> next_pace(int wait_ms = 10'000) {
    auto pace = receive_object<UplinkPace>(pace_, wait_ms);
    return pace && *pace ? std::optional(**pace) : std::nullopt;
  }
  /// Asks it to end; false when it did not within a limit that guards against hanging.
  bool stop() {
    stopped_ = true;
    send_stop(snapshots_);
    return outcome_.wait_for(std::chrono::seconds(10)) == std::future_status::ready;
  }
  Result<Done> outcome() { return outcome_.get(); }

 private:
  zmq::context_t context_{1};
  SystemClock clock_;
  UplinkOptions options_;
  zmq::socket_t pace_, snapshots_;
  std::future<Result<Done>> outcome_;
  bool stopped_ = false;
};

}  // namespace capmap::support
