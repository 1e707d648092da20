// Ways to reach the controller, going from one of its ports to another, keys.
#include "common/server_link.hpp"

#include <algorithm>
#include <utility>

#include "common/codec_keys.hpp"
#include "common/ids.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kFamilyMs = 4'000;  ///< so long an address may not answer before a name's other address is tried
constexpr std::uint64_t kNextWayMs = 800;   ///< between two ways to reach the controller, half of it at least
constexpr std::uint64_t kNewsMs = 10'000;   ///< so long the enrolment port may take to say which keys there are
constexpr int kRetriesElsewhere = 3;        ///< where nobody listens, other than on the message port
constexpr int kPerTurn = 64;                ///< events taken before the others get their turn

/// True for a name that may stand for several addresses; "[::1]" and "192.0.2.1" do not.
bool is_host_name(const std::string& endpoint) {
  const auto begin = endpoint.find("//") + 2;
  const std::string host = endpoint.substr(begin, endpoint.rfind(':') - begin);
  return host.find_first_not_of("0123456789.") != std::string::npos && host.front() != '[';
}

}  // namespace

ServerLink::ServerLink(zmq::context_t& context, ServerLinkOptions options, const Clock& clock)
    : context_(context),
      clock_(clock),
      dealer_(std::move(options.dealer)),
      join_with_(std::move(options.join_with)),
      server_(std::move(options.server)) {
  if (options.ring) keys_.emplace(std::move(*options.ring), options.key_max_age_ms, clock.boot_ms(), clock.unix_ms());
}

// What happened to the connection, in words for an operator; each is logged once when it changes.
std::string ServerLink::refused_text(const std::string& detail) const {
  return detail + ": run " + join_with_;
}
std::string ServerLink::wrong_key_text(const std::string& detail) const {
  return detail +
         ": the controller there has another key than we expect, or it is another program: check controller.endpoint and "
         "controller.public_key, or run " +
         join_with_;
}

DealerOptions ServerLink::dealer_options() const {
  DealerOptions dealer = dealer_;
  dealer.ipv4_only = ipv4_only_;
  dealer.handshake_ms = handshake_ms_;
  if (server_) {
    dealer.endpoint = server_->in_use().endpoint;
    dealer.server_public_key = server_->in_use().key;
  }
  if (keys_) dealer.keys = keys_->in_use();
  return dealer;
}

Result<Done> ServerLink::open_if_due() {
  if (link_ || clock_.boot_ms() < reopen_ms_) return Done{};
  const auto dealer = dealer_options();
  auto opened = open_watched_dealer(context_, dealer);
  if (!opened) return opened.error();
  link_.emplace(std::move(*opened));
  family_until_ms_ = is_host_name(dealer.endpoint) ? clock_.boot_ms() + kFamilyMs : UINT64_MAX;
  retries_ = 0;
  return Done{};
}

void ServerLink::turn() {
  if (clock_.boot_ms() >= news_ms_) give_up_way("the enrolment port does not say which keys the controller has");
  try_other_family();
  go_over();
  offer_key();
}

std::uint64_t ServerLink::next_ms() const {
  auto next = std::min({link_ ? family_until_ms_ : reopen_ms_, news_ms_, move_.next_ms()});
  if (keys_ && ready_ && answered_) next = std::min(next, keys_->due_ms());
  return next;
}

bool ServerLink::take_up() {
  return std::exchange(up_, false);
}

void ServerLink::send(std::span<const std::byte> bytes) {
  static_cast<void>(capmap::send(link_->dealer, bytes));
}

std::optional<zmq::message_t> ServerLink::next_message() {
  for (int i = 0; link_ && i < kPerTurn; ++i) {
    auto message = receive(link_->dealer, 0);
    if (!message) return std::nullopt;
    const std::span bytes(static_cast<const std::byte*>(message->data()), message->size());
    if (!is_key_news(bytes)) return std::move(*message);
    take_news(bytes);
  }
  return std::nullopt;
}

void ServerLink::answered() {
  backoff_ms_ = kFirstBackoffMs;
  handshake_ms_ = kTransportHandshakeMs;
  if (answered_) return;
  answered_ = true;
  retries_ = 0;
  move_.answered();
  if (server_) {
    if (auto kept = server_->answered(); !kept) log_warn("server_keys_not_kept", {{"what", kept.error().what}});
  }
  if (keys_) keys_->answered(clock_.boot_ms(), clock_.unix_ms());
}

void ServerLink::close() {
  link_.reset();
  move_.cancel();
  ready_ = answered_ = up_ = false;
  news_ms_ = UINT64_MAX;
}

void ServerLink::give_up(const std::string& problem) {
  close();
  handshake_ms_ = std::min(2 * handshake_ms_, kTransportHandshakeMaxMs);  // where thousands come at once, it takes longer
  wait_to_reopen(kMaxBackoffMs);
  log_.note("uplink", problem);
}

void ServerLink::give_up_way(const std::string& problem) {
  if (!server_ || !server_->try_another()) return give_up(problem);
  close();
  reopen_ms_ = clock_.boot_ms() + kNextWayMs / 2 + random_u64() % (kNextWayMs / 2);
}

void ServerLink::wait_to_reopen(std::uint64_t at_most_ms) {
  const std::uint64_t wait_ms = std::min(backoff_ms_, at_most_ms);
  reopen_ms_ = clock_.boot_ms() + wait_ms / 2 + random_u64() % (wait_ms / 2);
  backoff_ms_ = std::min(2 * backoff_ms_, kMaxBackoffMs);
}

void ServerLink::follow_events() {
  std::string detail;
  for (int i = 0; link_ && i < kPerTurn; ++i) {
    switch (link_->monitor.next(detail)) {
      case LinkEvent::kNone: return;
      case LinkEvent::kConnected: family_until_ms_ = UINT64_MAX; break;
      case LinkEvent::kReady: is_up(); break;
      case LinkEvent::kRefused:
        if (keys_) keys_->refused();
        server_ && !server_->at_home() ? give_up_way(refused_text(detail)) : give_up(refused_text(detail));
        break;
      case LinkEvent::kHandshakeFailed: give_up_way(wrong_key_text(detail)); break;
      case LinkEvent::kDisconnected:
      case LinkEvent::kRetrying:
        ready_ = answered_ = up_ = false;
        move_.cancel();
        if (server_ && !server_->at_home() && ++retries_ >= kRetriesElsewhere) {
          give_up_way("nobody listens at " + server_->in_use().endpoint);
          break;
        }
        if (family_until_ms_ != UINT64_MAX) family_until_ms_ = 0;  // nobody there: at the name's other address?
        log_.note("uplink", "no connection to " + dealer_options().endpoint +
                                ": is the controller running, and the way to this port open? It is tried again and again");
        break;
    }
  }
}

void ServerLink::is_up() {
  if (server_ && server_->in_use().enrolment) {  // it knows no messages; what it says of keys is the answer to this
    news_ms_ = clock_.boot_ms() + kNewsMs;
    send(encode(KeyOffer{}));
    return;
  }
  ready_ = true;
  retries_ = 0;
  log_.note("uplink", "");
  log_info("connected", {{"controller", dealer_options().endpoint}});
  up_ = true;
}

void ServerLink::take_news(std::span<const std::byte> bytes) {
  const auto news = decode_key_news(bytes);
  if (!news) return complaints_.warn(clock_.boot_ms(), "key_news_malformed", {{"what", news.error().what}});
  if (server_ && !news->server_key.empty()) take_server_keys(*news);
  if (!keys_ || !link_ || !keys_->take(*news, clock_.boot_ms())) return;
  close();  // and anew at once, under the next key: nobody is refused, so nothing has to be waited for
  reopen_ms_ = 0;
}

void ServerLink::take_server_keys(const KeyNews& news) {
  const bool asked = server_->in_use().enrolment;
  if (auto kept = server_->take(news); !kept) {
    return complaints_.warn(clock_.boot_ms(), "server_keys_not_kept",
                            {{"what", kept.error().what}, {"action", "the controller says it again"}});
  }
  if (asked) {
    log_info("server_keys_learned", {{"from", server_->in_use().endpoint}});
    close();
    server_->start_over();
    reopen_ms_ = clock_.boot_ms() + random_u64() % kNextWayMs;
    return;
  }
  if (!news.server_next_key.empty()) send(encode(KeyOffer{.known_server_key = news.server_next_key}));
  if (news.move_to_port != 0 && news.move_to_port != server_->in_use().port) {
    move_.plan(news.move_to_port, news.move_within_ms, clock_.boot_ms());
  }
}

void ServerLink::go_over() {
  const auto now = clock_.boot_ms();
  if (!server_ || !link_) return;
  if (move_.is_due(now)) {
    const auto here = server_->in_use().port;
    if (!ready_ || !answered_ || !server_->use_port(move_.port())) return move_.cancel();  // the controller says it again
    move_.begin(context_, dealer_options(), now);
    server_->use_port(here);
    left_port_ = here;
  }
  switch (move_.turn(link_, now)) {
    case LinkMove::Step::kNone: return;
    case LinkMove::Step::kSwitched: server_->use_port(move_.port()); break;
    case LinkMove::Step::kBack: server_->use_port(left_port_); break;
  }
  answered_ = false;
  is_up();
}

void ServerLink::offer_key() {
  if (!keys_ || !link_ || !ready_ || !answered_ || keys_->due_ms() > clock_.boot_ms()) return;
  if (const auto offer = keys_->offer(clock_.boot_ms())) send(encode(*offer));
}

void ServerLink::try_other_family() {
  if (!link_ || clock_.boot_ms() < family_until_ms_) return;
  link_.reset();
  ipv4_only_ = !ipv4_only_;
  if (!ipv4_only_) wait_to_reopen(kTransportReconnectMaxMs);  // both were tried
}

}  // namespace capmap
