#include "common/uplink.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "common/codec.hpp"
#include "common/ids.hpp"
#include "common/log.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kFirstRetryMs = 1'000, kLastRetryMs = 60'000;
constexpr std::uint64_t kBusyRetryMs = 50;  ///< the socket would not take a message although it is connected
constexpr int kLongestWaitMs = 60'000, kByeMs = 500;
constexpr int kAcksPerTurn = 64, kEventsPerTurn = 64;

/// The DEALER and its monitor: they are made and thrown away together.
struct Link {
  zmq::socket_t dealer;
  LinkMonitor monitor;
};

class Uplink {
 public:
  Uplink(zmq::context_t& context, const UplinkOptions& options, const Clock& clock, zmq::socket_t input, zmq::socket_t pace)
      : context_(context),
        options_(options),
        clock_(clock),
        input_(std::move(input)),
        pace_(std::move(pace)),
        talk_(random_u64(), options.thresholds) {}

  Result<Done> run();

 private:
  Result<Done> open_link();
  void close_link(std::uint64_t now_ms);
  /// False on stop.
  bool take_inputs();
  void take_events(std::uint64_t now_ms);
  void take_acks(std::uint64_t now_ms);
  void send_due(std::uint64_t now_ms);
  void tell_pace();
  void say_goodbye();
  void refused(std::uint64_t now_ms, const std::string& why);
  [[nodiscard]] int wait_ms(std::uint64_t now_ms) const;

  zmq::context_t& context_;
  UplinkOptions options_;
  const Clock& clock_;
  zmq::socket_t input_, pace_;
  std::optional<Link> link_;
  Conversation talk_;
  Usage usage_;
  bool ready_ = false, handshaking_ = false;
  std::uint64_t reopen_at_ms_ = 0, retry_ms_ = kFirstRetryMs, hold_until_ms_ = 0;
  std::uint64_t told_due_ms_ = 0;
  ChangeLog log_;
};

Result<Done> Uplink::run() {
  if (auto opened = open_link(); !opened) return opened;
  for (;;) {
    const auto before_ms = clock_.boot_ms();
    std::array items = {Waitable{.socket = &input_}, Waitable{.socket = &input_}, Waitable{.socket = &input_}};
    if (link_) {
      items[1].socket = &link_->monitor.socket();
      items[2].socket = &link_->dealer;
    }
    wait_any(std::span(items).first(link_ ? 3 : 1), wait_ms(before_ms));
    const auto now_ms = clock_.boot_ms();
    if (items[0].ready && !take_inputs()) break;
    if (link_ && items[1].ready) take_events(now_ms);
    if (link_ && items[2].ready) take_acks(now_ms);
    if (link_ && talk_.take_broken(now_ms)) refused(now_ms, "no answer to our messages; the link is made anew");
    if (!link_ && now_ms >= reopen_at_ms_) {
      if (auto opened = open_link(); !opened) return opened;
    }
    send_due(now_ms);
    tell_pace();
  }
  say_goodbye();
  return Done{};
}

Result<Done> Uplink::open_link() {
  auto dealer = make_dealer(context_, options_.dealer);
  if (!dealer) return dealer.error();
  auto monitor = LinkMonitor::attach(context_, *dealer);
  if (!monitor) return monitor.error();
  if (auto started = start_connecting(*dealer, options_.dealer.endpoint); !started) return started;
  link_.emplace(Link{std::move(*dealer), std::move(*monitor)});
  ready_ = handshaking_ = false;
  return Done{};
}

void Uplink::close_link(std::uint64_t now_ms) {
  zmq_socket_monitor(link_->dealer.handle(), nullptr, 0);
  link_.reset();
  ready_ = handshaking_ = false;
  // A quarter of the wait differs from agent to agent.
  reopen_at_ms_ = now_ms + retry_ms_ - retry_ms_ / 8 + random_u64() % (retry_ms_ / 4 + 1);
  retry_ms_ = std::min(retry_ms_ * 2, kLastRetryMs);
}

void Uplink::refused(std::uint64_t now_ms, const std::string& why) {
  log_.note("uplink.controller", why);
  close_link(now_ms);
}

bool Uplink::take_inputs() {
  for (;;) {
    auto input = receive_object<UplinkInput>(input_, 0);
    if (!input) return true;
    if (!*input) return false;
    if ((*input)->facts) talk_.set_facts(std::move((*input)->facts->first), std::move((*input)->facts->second));
    if ((*input)->usage) usage_ = std::move(*(*input)->usage);
  }
}

void Uplink::take_events(std::uint64_t now_ms) {
  std::string detail;
  for (int i = 0; i < kEventsPerTurn && link_; ++i) {
    switch (link_->monitor.next(detail)) {
      case LinkEvent::kNone: return;
      case LinkEvent::kConnected: handshaking_ = true; break;
      case LinkEvent::kReady:
        ready_ = true;
        handshaking_ = false;
        hold_until_ms_ = 0;
        talk_.on_link_up(now_ms);
        break;
      case LinkEvent::kRetrying:
        if (!ready_ && !handshaking_) log_.note("uplink.controller", "nobody answers at " + options_.dealer.endpoint + "; trying again");
        break;
      case LinkEvent::kDisconnected:
        if (handshaking_) {
          refused(now_ms,
                  "the controller at " + options_.dealer.endpoint +
                      " does not let this server in: it has not joined (capmap-agent join TOKEN), or controller.public_key is another "
                      "controller's");
        } else if (ready_) {
          ready_ = false;
          log_.note("uplink.controller", "the connection ended; trying again");
        }
        break;
      case LinkEvent::kRefused:
        refused(now_ms, "the controller refused this server's key (" + detail + "): it was revoked; join again with a new key");
        break;
      case LinkEvent::kHandshakeFailed:
        refused(now_ms,
                "the handshake with " + options_.dealer.endpoint + " failed (" + detail + "): is it a capmap controller's message port?");
        break;
    }
  }
}

void Uplink::take_acks(std::uint64_t now_ms) {
  for (int i = 0; i < kAcksPerTurn; ++i) {
    auto message = receive(link_->dealer, 0);
    if (!message) return;
    const auto ack = decode_ack({static_cast<const std::byte*>(message->data()), message->size()});
    if (!ack) {
      log_.note("uplink.ack", ack.error().what);
      continue;
    }
    const auto session = talk_.session();
    talk_.on_ack(*ack, now_ms);
    retry_ms_ = kFirstRetryMs;
    log_.note("uplink.ack", "");
    log_.note("uplink.controller", "");
    if (talk_.session() != session) spdlog::info("uplink_session session={} interval_ms={}", talk_.session(), talk_.interval_ms());
  }
}

void Uplink::send_due(std::uint64_t now_ms) {
  // Hello, shape and usage may follow each other at once; more in a turn would mean a loop of our own.
  for (int i = 0; i < 4 && link_ && ready_ && talk_.due_ms() <= now_ms && hold_until_ms_ <= now_ms; ++i) {
    if ((link_->dealer.get(zmq::sockopt::events) & ZMQ_POLLOUT) == 0) {
      hold_until_ms_ = now_ms + kBusyRetryMs;
      return;
    }
    const Bytes bytes = encode(talk_.next(usage_, now_ms));
    if (!send(link_->dealer, bytes)) talk_.on_link_up(now_ms);  // lost: begin again with hello and everything
  }
}

/// The tick thread takes its reading just before it is sent.
void Uplink::tell_pace() {
  if (talk_.due_ms() == told_due_ms_ || talk_.due_ms() == UINT64_MAX) return;
  told_due_ms_ = talk_.due_ms();
  auto pace = std::make_unique<UplinkPace>(UplinkPace{.interval_ms = talk_.interval_ms(), .due_boot_ms = told_due_ms_});
  static_cast<void>(send_object(pace_, std::move(pace), false));
}

int Uplink::wait_ms(std::uint64_t now_ms) const {
  std::uint64_t until_ms = now_ms + static_cast<std::uint64_t>(kLongestWaitMs);
  if (!link_) until_ms = std::min(until_ms, reopen_at_ms_);
  if (link_ && ready_) until_ms = std::min(until_ms, std::max(talk_.due_ms(), hold_until_ms_));
  until_ms = std::min(until_ms, talk_.silent_at_ms());
  return until_ms <= now_ms ? 0 : static_cast<int>(until_ms - now_ms);
}

void Uplink::say_goodbye() {
  if (!link_) return;
  if (ready_ && talk_.session() != 0) {
    link_->dealer.set(zmq::sockopt::linger, kByeMs);  // the context's end waits so long for it to leave
    static_cast<void>(send(link_->dealer, encode(talk_.bye("stopped"))));
  }
  zmq_socket_monitor(link_->dealer.handle(), nullptr, 0);
}

}  // namespace

Result<Done> run_uplink(zmq::context_t& context, const UplinkOptions& options, const Clock& clock) {
  auto input = open_pull(context, options.snapshots);
  if (!input) return input.error();
  auto pace = open_push(context, options.pace);
  if (!pace) return pace.error();
  return Uplink(context, options, clock, std::move(*input), std::move(*pace)).run();
}

}  // namespace capmap
