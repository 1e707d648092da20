#include "agent/probe/join_ask.hpp"

#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "common/clock.hpp"
#include "common/codec.hpp"
#include "common/codec_keys.hpp"
#include "common/join_pace.hpp"
#include "common/log.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kLookMs = 200;  ///< between two looks at the clock
constexpr int kNewsMs = 3'000;          ///< so long the controller may take to say which keys it has

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// Why a host's name says no address now; empty: it says one. libzmq tells nobody.
std::string unresolved(const std::string& host) {
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, nullptr, &found);
  if (code == 0) freeaddrinfo(found);
  return code == 0 ? "" : std::string("the name cannot be resolved here: ") + gai_strerror(code);
}

/// The conversation with the enrolment port: Join at each connection, until Joined or the deadline.
class Asker {
 public:
  Asker(zmq::socket_t& dealer, LinkMonitor& monitor, Bytes question) : dealer_(dealer), monitor_(monitor), question_(std::move(question)) {}

  Result<Joined> ask(std::uint64_t timeout_ms) {
    const SystemClock clock;
    const auto deadline = clock.boot_ms() + timeout_ms;
    for (auto now = clock.boot_ms(); now < deadline; now = clock.boot_ms()) {
      std::array<Waitable, 2> items = {Waitable{.socket = &dealer_}, Waitable{.socket = &monitor_.socket()}};
      wait_any(items, static_cast<int>(std::min(deadline - now, kLookMs)));
      if (auto sent = follow_link(); !sent) return sent.error();
      const auto answer = receive(dealer_, 0);
      if (answer) return decode_joined(std::span(static_cast<const std::byte*>(answer->data()), answer->size()));
      if (answer.error().code != ErrorCode::kTimeout) return answer.error();
    }
    return Error{ErrorCode::kTimeout, "no answer within " + std::to_string(timeout_ms / 1'000) + " s: " + trouble_};
  }

 private:
  Result<Done> follow_link() {
    std::string detail;
    for (auto event = monitor_.next(detail); event != LinkEvent::kNone; event = monitor_.next(detail)) {
      switch (event) {
        case LinkEvent::kReady:
          trouble_ = "the controller is reached but silent";
          if (auto sent = send(dealer_, question_); !sent) return sent;
          break;
        case LinkEvent::kRefused: trouble_ = "the controller refuses the connection: " + detail; break;
        case LinkEvent::kHandshakeFailed: trouble_ = "the controller there has another key than the token says: " + detail; break;
        default: break;
      }
    }
    return Done{};
  }

  zmq::socket_t& dealer_;
  LinkMonitor& monitor_;
  Bytes question_;
  std::string trouble_ = "nothing answers at the token's address";
};

/// The token's key is that of the enrolment port for good; the message port's may be another by now. Without an answer the service asks.
std::optional<KeyNews> ask_news(zmq::socket_t& dealer) {
  if (!send(dealer, encode(KeyOffer{}))) return std::nullopt;
  const auto answer = receive(dealer, kNewsMs);
  if (!answer) return std::nullopt;
  auto news = decode_key_news(std::span(static_cast<const std::byte*>(answer->data()), answer->size()));
  return news ? std::optional(std::move(*news)) : std::nullopt;
}

Result<JoinedAt> ask_host(const JoinToken& token, const std::string& host, const CurveKeys& keys, std::uint32_t timeout_s) {
  zmq::context_t context(1);
  const DealerOptions options{.endpoint = tcp_endpoint(host, token.enrol_port), .server_public_key = token.server_public_key, .keys = keys};
  auto link = open_watched_dealer(context, options);
  if (!link) return link.error();
  auto joined =
      Asker(link->dealer, link->monitor, encode(Join{.token_secret = token.secret, .hostname = host_name(), .public_key = keys.public_key}))
          .ask(std::uint64_t{timeout_s} * 1'000);
  if (!joined) {
    const auto no_address = joined.error().code == ErrorCode::kTimeout ? unresolved(host) : "";
    return Error{joined.error().code, options.endpoint + ": " + (no_address.empty() ? joined.error().what : no_address)};
  }
  if (!joined->accepted && joined->retry_after_s == 0) {
    return Error{ErrorCode::kDenied, options.endpoint + ": refused: " + log_quoted(joined->reason)};
  }
  JoinedAt at{.joined = std::move(*joined), .host = host};
  if (at.joined.accepted && at.joined.next_port != 0) at.news = ask_news(link->dealer);
  return at;
}

/// The first host that answers; the time is shared among them.
Result<JoinedAt> ask_hosts(const JoinToken& token, const CurveKeys& keys, std::uint32_t timeout_s) {
  const auto hosts = hosts_of(token.host);
  const auto each_s = std::max<std::uint32_t>(1, timeout_s / static_cast<std::uint32_t>(hosts.size()));
  std::optional<Error> last;
  for (const auto& host : hosts) {
    auto joined = ask_host(token, host, keys, each_s);
    if (joined) return joined;
    if (joined.error().code == ErrorCode::kDenied) return joined.error();
    last = last ? Error{last->code, last->what + "; " + joined.error().what} : joined.error();
  }
  return *last;
}

}  // namespace

Result<JoinedAt> ask_to_join(const JoinToken& token, const CurveKeys& keys, const JoinPatience& patience,
                             const std::function<void(const std::string&)>& say) {
  JoinPace pace;
  std::string said;
  const auto tell = [&](const std::string& what) {
    if (said != what) say(what);
    said = what;
  };
  for (;;) {
    auto answer = ask_hosts(token, keys, patience.timeout_s);
    if (!answer && (answer.error().code == ErrorCode::kDenied || !patience.until_reached)) return answer;
    std::uint64_t wait_ms = 0;
    if (!answer) {
      wait_ms = pace.next_ms(0);
      tell(answer.error().what + "; it is tried again");
    } else if (answer->joined.accepted) {
      return answer;
    } else {
      const auto& later = answer->joined;
      const auto reason = "told to ask later: " + log_quoted(later.reason);
      if (later.pending && !patience.until_approved) return Error{ErrorCode::kDenied, reason};
      tell(reason);
      wait_ms = later.pending ? pace.next_ms(later.retry_after_s) : JoinPace::turn_ms(later.retry_after_s);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
  }
}

}  // namespace capmap
