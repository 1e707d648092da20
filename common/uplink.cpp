#include "common/uplink.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "common/codec.hpp"
#include "common/ids.hpp"
#include "common/key_change.hpp"
#include "common/log.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kFirstBackoffMs = 1'000, kMaxBackoffMs = 60'000;
constexpr std::uint64_t kFamilyMs = 4'000;  ///< so long an address may not answer before a name's other address is tried
constexpr std::uint64_t kByeMs = 500;
constexpr std::uint64_t kEarlyMs = 20;  ///< a message may leave so long before it is due when the reading it waits for has just come
constexpr std::uint64_t kPlanSlackMs =
    8;                        ///< a reading planned so long before its message is due is in time (kEarlyMs less the tick thread's lead)
constexpr int kPerTurn = 64;  ///< inputs, events or acks taken before the others get their turn

/// What happened to the connection, in words for an operator; each is logged once when it changes.
constexpr const char* kSilentText = "the controller is silent: the network is cut, or the controller is stopped or overloaded";
std::string refused_text(const std::string& detail) {
  return detail + ": run capmap-agent join TOKEN";
}
std::string wrong_key_text(const std::string& detail) {
  return detail +
         ": the controller there has another key than we expect, or it is another program: check controller.endpoint and "
         "controller.public_key, or run capmap-agent join TOKEN";
}

/// True for a name that may stand for several addresses; "[::1]" and "192.0.2.1" do not.
bool is_host_name(const std::string& endpoint) {
  const auto begin = endpoint.find("//") + 2;
  const std::string host = endpoint.substr(begin, endpoint.rfind(':') - begin);
  return host.find_first_not_of("0123456789.") != std::string::npos && host.front() != '[';
}

class Uplink {
 public:
  Uplink(zmq::context_t& context, const UplinkOptions& options, const Clock& clock, zmq::socket_t inputs, zmq::socket_t pace)
      : context_(context),
        options_(options),
        clock_(clock),
        inputs_(std::move(inputs)),
        pace_(std::move(pace)),
        talk_(random_u64(), options.thresholds) {
    if (options.ring) keys_.emplace(*options.ring, options.key_max_age_ms, clock.boot_ms(), clock.unix_ms());
  }

  Result<Done> run();

 private:
  Result<Done> open_link();
  /// Closes the link; the next one opens after a wait that doubles until an ack comes.
  void give_up_link(const std::string& problem);
  void wait_to_reopen(std::uint64_t at_most_ms);
  void wait();
  /// False on stop.
  bool take_inputs();
  void follow_link();
  void take_acks();
  void take_ack(const Ack& ack);
  void take_news(std::span<const std::byte> bytes);
  void offer_key();
  void send_due();
  void tell_pace();
  void try_other_family();
  void say_goodbye();
  void send_message(AgentMessage message);
  [[nodiscard]] std::uint64_t next_event_ms() const;

  zmq::context_t& context_;
  const UplinkOptions& options_;
  const Clock& clock_;
  zmq::socket_t inputs_, pace_;
  Conversation talk_;
  Usage usage_;
  std::optional<WatchedDealer> link_;
  bool ready_ = false;  ///< the handshake is done: messages may leave
  bool inputs_ready_ = false, acks_ready_ = false, events_ready_ = false, usage_just_came_ = false;  ///< of this turn
  bool ipv4_only_ = false;
  int handshake_ms_ = kTransportHandshakeMs;
  std::optional<KeyChange> keys_;
  bool answered_ = false;  ///< by an ack, on this link
  std::uint64_t reopen_ms_ = 0, backoff_ms_ = kFirstBackoffMs;
  std::uint64_t family_until_ms_ = UINT64_MAX;
  std::uint64_t told_due_ms_ = 0;  ///< what the tick thread plans for
  std::uint32_t told_interval_ms_ = 0, told_benchmark_ = 0;
  ChangeLog log_;
  RateLimit complaints_{5};
};

Result<Done> Uplink::run() {
  for (;;) {
    if (options_.pulse != nullptr) options_.pulse->beat(clock_.boot_ms());
    if (!link_ && clock_.boot_ms() >= reopen_ms_) {
      if (auto opened = open_link(); !opened) return opened;
    }
    wait();
    if (inputs_ready_ && !take_inputs()) break;
    if (events_ready_) follow_link();
    if (acks_ready_) take_acks();
    if (talk_.take_broken(clock_.boot_ms()) && ready_) give_up_link(kSilentText);
    try_other_family();
    send_due();
    offer_key();
    tell_pace();
  }
  say_goodbye();
  return Done{};
}

Result<Done> Uplink::open_link() {
  DealerOptions dealer = options_.dealer;
  dealer.ipv4_only = ipv4_only_;
  dealer.handshake_ms = handshake_ms_;
  if (keys_) dealer.keys = keys_->in_use();
  auto opened = open_watched_dealer(context_, dealer);
  if (!opened) return opened.error();
  link_.emplace(std::move(*opened));
  family_until_ms_ = is_host_name(dealer.endpoint) ? clock_.boot_ms() + kFamilyMs : UINT64_MAX;
  return Done{};
}

void Uplink::give_up_link(const std::string& problem) {
  link_.reset();
  ready_ = answered_ = false;
  handshake_ms_ = std::min(2 * handshake_ms_, kTransportHandshakeMaxMs);  // where thousands come at once, it takes longer
  wait_to_reopen(kMaxBackoffMs);
  log_.note("uplink", problem);
}

void Uplink::wait_to_reopen(std::uint64_t at_most_ms) {
  const std::uint64_t wait_ms = std::min(backoff_ms_, at_most_ms);
  reopen_ms_ = clock_.boot_ms() + wait_ms / 2 + random_u64() % (wait_ms / 2);
  backoff_ms_ = std::min(2 * backoff_ms_, kMaxBackoffMs);
}

std::uint64_t Uplink::next_event_ms() const {
  std::uint64_t next = link_ ? family_until_ms_ : reopen_ms_;
  next = std::min(next, talk_.broken_ms());
  if (keys_ && ready_ && answered_) next = std::min(next, keys_->due_ms());
  return std::min(next, ready_ ? talk_.due_ms() : told_due_ms_);
}

void Uplink::wait() {
  const std::uint64_t now = clock_.boot_ms(), next = next_event_ms();
  const std::uint64_t left = next > now ? std::min(next - now, options_.most_sleep_ms) : 0;
  const bool acks_can_wait = talk_.ack_can_wait();
  std::array<Waitable, 3> items = {Waitable{.socket = &inputs_}};
  if (link_) {
    items[1].socket = &link_->monitor.socket();
    items[2].socket = &link_->dealer;
  }
  wait_any(std::span(items.data(), !link_ ? 1 : acks_can_wait ? 2 : 3), static_cast<int>(left));
  // Asking a socket that has nothing costs system calls: only the ready ones are asked.
  inputs_ready_ = items[0].ready;
  events_ready_ = items[1].ready;
  acks_ready_ = acks_can_wait || items[2].ready;
  usage_just_came_ = false;
}

bool Uplink::take_inputs() {
  for (int i = 0; i < kPerTurn; ++i) {
    auto input = receive_object<UplinkInput>(inputs_, 0);
    if (!input) return input.error().code == ErrorCode::kTimeout;
    if (!*input) return false;
    if ((*input)->facts) talk_.set_facts(std::move((*input)->facts->first), std::move((*input)->facts->second));
    if (!(*input)->usage) continue;
    usage_ = std::move(*(*input)->usage);
    usage_just_came_ = true;
    told_due_ms_ = (*input)->next_due_ms;
  }
  return true;
}

void Uplink::follow_link() {
  std::string detail;
  for (int i = 0; link_ && i < kPerTurn; ++i) {
    switch (link_->monitor.next(detail)) {
      case LinkEvent::kNone: return;
      case LinkEvent::kConnected: family_until_ms_ = UINT64_MAX; break;
      case LinkEvent::kReady:
        ready_ = true;
        log_.note("uplink", "");
        log_info("connected", {{"controller", options_.dealer.endpoint}});
        talk_.on_link_up(clock_.boot_ms());
        break;
      case LinkEvent::kRefused:
        if (keys_) keys_->refused();
        give_up_link(refused_text(detail));
        break;
      case LinkEvent::kHandshakeFailed: give_up_link(wrong_key_text(detail)); break;
      case LinkEvent::kDisconnected:
      case LinkEvent::kRetrying:
        ready_ = answered_ = false;
        if (family_until_ms_ != UINT64_MAX) family_until_ms_ = 0;  // nobody there: at the name's other address?
        log_.note("uplink", "no connection to " + options_.dealer.endpoint +
                                ": is the controller running, and the way to this port open? It is tried again and again");
        break;
    }
  }
}

void Uplink::take_acks() {
  for (int i = 0; link_ && i < kPerTurn; ++i) {
    const auto message = receive(link_->dealer, 0);
    if (!message) return;
    const std::span bytes(static_cast<const std::byte*>(message->data()), message->size());
    if (is_key_news(bytes)) {
      take_news(bytes);
      continue;
    }
    const auto ack = decode_ack(bytes);
    if (ack) take_ack(*ack);
    if (!ack) complaints_.warn(clock_.boot_ms(), "ack_malformed", {{"what", ack.error().what}});
  }
}

void Uplink::take_ack(const Ack& ack) {
  if (!talk_.on_ack(ack, clock_.boot_ms())) return;
  backoff_ms_ = kFirstBackoffMs;
  handshake_ms_ = kTransportHandshakeMs;
  if (answered_) return;
  answered_ = true;
  if (keys_) keys_->answered(clock_.boot_ms(), clock_.unix_ms());
}

void Uplink::take_news(std::span<const std::byte> bytes) {
  const auto news = decode_key_news(bytes);
  if (!news) return complaints_.warn(clock_.boot_ms(), "key_news_malformed", {{"what", news.error().what}});
  if (!keys_ || !keys_->take(*news, clock_.boot_ms())) return;
  link_.reset();  // and anew at once, under the next key: nobody is refused, so nothing has to be waited for
  ready_ = answered_ = false;
  reopen_ms_ = 0;
}

void Uplink::offer_key() {
  if (!keys_ || !link_ || !ready_ || !answered_ || keys_->due_ms() > clock_.boot_ms()) return;
  if (const auto offer = keys_->offer(clock_.boot_ms())) static_cast<void>(send(link_->dealer, encode(*offer)));
}

void Uplink::send_due() {
  // One wake-up instead of two a tick: the reading is taken just before its message is due, and takes it along.
  const std::uint64_t early = usage_just_came_ ? kEarlyMs : 0;
  for (int i = 0; link_ && ready_ && i < kPerTurn && talk_.due_ms() <= clock_.boot_ms() + early; ++i) {
    send_message(talk_.next(usage_, std::max(talk_.due_ms(), clock_.boot_ms())));
  }
}

void Uplink::send_message(AgentMessage message) {
  if (auto* hello = std::get_if<Hello>(&message)) hello->time_unix_ms = clock_.unix_ms();
  // A full queue is a link that takes nothing: no ack comes, and the link is given up as silent.
  static_cast<void>(send(link_->dealer, encode(message)));
}

void Uplink::tell_pace() {
  const std::uint64_t now = clock_.boot_ms();
  std::uint64_t due = told_due_ms_ > now ? told_due_ms_ : now + talk_.interval_ms();
  if (ready_ && talk_.due_ms() > now && talk_.due_ms() != UINT64_MAX) due = talk_.due_ms();
  const auto benchmark_seconds = talk_.benchmark_seconds();
  const bool planned = due >= told_due_ms_ && due - told_due_ms_ <= kPlanSlackMs && talk_.interval_ms() == told_interval_ms_;
  if (planned && benchmark_seconds == told_benchmark_) return;
  told_due_ms_ = due;
  told_interval_ms_ = talk_.interval_ms();
  told_benchmark_ = benchmark_seconds;
  static_cast<void>(send_object(pace_, std::make_unique<UplinkPace>(UplinkPace{talk_.interval_ms(), due, benchmark_seconds}), false));
}

void Uplink::try_other_family() {
  if (!link_ || clock_.boot_ms() < family_until_ms_) return;
  link_.reset();
  ipv4_only_ = !ipv4_only_;
  if (!ipv4_only_) wait_to_reopen(kTransportReconnectMaxMs);  // both were tried
}

void Uplink::say_goodbye() {
  if (!link_ || !ready_ || talk_.session() == 0) return;
  const Bye bye = talk_.bye("stopped");
  send_message(bye);
  const std::uint64_t deadline = clock_.boot_ms() + kByeMs;
  for (auto now = clock_.boot_ms(); now < deadline && talk_.applied_seq() < bye.envelope.seq; now = clock_.boot_ms()) {
    std::array items = {Waitable{.socket = &link_->dealer}};
    wait_any(items, static_cast<int>(deadline - now));
    take_acks();
  }
}

}  // namespace

Result<Done> run_uplink(zmq::context_t& context, const UplinkOptions& options, const Clock& clock) {
  auto inputs = open_pull(context, options.snapshots);
  if (!inputs) return inputs.error();
  auto pace = open_push(context, options.pace);
  if (!pace) return pace.error();
  return Uplink(context, options, clock, std::move(*inputs), std::move(*pace)).run();
}

}  // namespace capmap
