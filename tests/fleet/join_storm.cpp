#include "tests/fleet/join_storm.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <span>
#include <thread>
#include <utility>

#include "common/clock.hpp"
#include "common/codec.hpp"
#include "common/join_pace.hpp"
#include "common/join_token.hpp"
#include "tests/fleet/fleet.hpp"

namespace capmap::fleet {
namespace {

constexpr std::uint64_t kPatienceMs = 30'000;  ///< as capmap-agent join
constexpr std::uint32_t kSources = 254;        ///< the last byte of an address

/// One server that asks to be let in.
struct Asker {
  CurveKeys keys;
  zmq::socket_t dealer;
  JoinPace pace;
  std::uint64_t ask_ms = 0, until_ms = 0, in_ms = 0;
};

struct Counts {
  std::uint64_t questions = 0, sent_away = 0, unanswered = 0;
};

class Storm {
 public:
  Storm(const std::vector<std::string>& tokens, std::uint32_t number, std::uint32_t addresses)
      : tokens_(tokens), number_(number), addresses_(addresses), askers_(tokens.size()) {}

  Result<std::vector<CurveKeys>> run() {
    auto context = make_context(2 * static_cast<std::uint32_t>(askers_.size()));  // a closed socket keeps its place until it is reaped
    const SystemClock clock;
    for (auto& asker : askers_) asker.keys = make_curve_keys();
    const auto start_ms = clock.boot_ms();
    for (std::size_t in = 0; in < askers_.size();) {
      for (std::size_t i = 0; i < askers_.size(); ++i) {
        if (askers_[i].in_ms != 0) continue;
        const auto done = turn(context, i, clock.boot_ms());
        if (!done) return done.error();
        in += askers_[i].in_ms != 0 ? 1 : 0;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    report(start_ms);
    std::vector<CurveKeys> keys;
    for (auto& asker : askers_) keys.push_back(std::move(asker.keys));
    return keys;
  }

 private:
  Result<Done> turn(zmq::context_t& context, std::size_t i, std::uint64_t now_ms) {
    auto& asker = askers_[i];
    if (asker.dealer.handle() == nullptr) return now_ms < asker.ask_ms ? Result<Done>(Done{}) : ask(context, i, now_ms);
    const auto answer = receive(asker.dealer, 0);
    if (!answer && now_ms < asker.until_ms) return Done{};
    asker.dealer.close();
    asker.dealer = {};
    if (!answer) {
      ++counts_.unanswered;
      asker.ask_ms = now_ms + asker.pace.next_ms(0);
      return Done{};
    }
    const auto joined = decode_joined({static_cast<const std::byte*>(answer->data()), answer->size()});
    if (!joined) return joined.error();
    if (joined->accepted) {
      asker.in_ms = now_ms;
      return Done{};
    }
    if (joined->retry_after_s == 0) return Error{ErrorCode::kDenied, joined->reason};
    ++counts_.sent_away;
    asker.ask_ms = now_ms + JoinPace::turn_ms(joined->retry_after_s);
    return Done{};
  }

  Result<Done> ask(zmq::context_t& context, std::size_t i, std::uint64_t now_ms) {
    const auto token = parse_join_token(tokens_[i]);
    if (!token) return token.error();
    auto endpoint = tcp_endpoint(token->host, token->enrol_port);
    if (addresses_ != 0) {
      const auto place = static_cast<std::uint32_t>(i) % addresses_;
      const auto source = "127.1." + std::to_string(place / kSources) + "." + std::to_string(1 + place % kSources) + ":0;";
      endpoint.insert(std::string_view("tcp://").size(), source);
    }
    // One thread here is the callers' side of all handshakes, so they wait as long as the patience goes.
    auto dealer = open_dealer(context, {.endpoint = endpoint,
                                        .server_public_key = token->server_public_key,
                                        .keys = askers_[i].keys,
                                        .handshake_ms = kTransportHandshakeMaxMs,
                                        .ipv4_only = addresses_ != 0});
    if (!dealer) return dealer.error();
    ++counts_.questions;
    const Join join{
        .token_secret = token->secret, .hostname = "sim-" + std::to_string(number_ + i), .public_key = askers_[i].keys.public_key};
    if (auto sent = send(*dealer, encode(join)); !sent) return sent;
    askers_[i].dealer = std::move(*dealer);
    askers_[i].until_ms = now_ms + kPatienceMs;
    return Done{};
  }

  void report(std::uint64_t start_ms) const {
    std::vector<double> seconds;
    for (const auto& asker : askers_) seconds.push_back(static_cast<double>(asker.in_ms - start_ms) / 1e3);
    std::ranges::sort(seconds);
    const auto at = [&](std::size_t permille) { return seconds[(seconds.size() - 1) * permille / 1'000]; };
    std::printf("enrolled agents=%zu seconds=%.2f per_s=%.0f questions=%llu sent_away=%llu unanswered=%llu p50_s=%.2f p99_s=%.2f\n",
                seconds.size(), seconds.back(), static_cast<double>(seconds.size()) / std::max(seconds.back(), 1e-3),
                static_cast<unsigned long long>(counts_.questions), static_cast<unsigned long long>(counts_.sent_away),
                static_cast<unsigned long long>(counts_.unanswered), at(500), at(990));
    std::fflush(stdout);
  }

  const std::vector<std::string>& tokens_;
  std::uint32_t number_, addresses_;
  std::vector<Asker> askers_;
  Counts counts_;
};

}  // namespace

Result<std::vector<CurveKeys>> join_at_once(const std::vector<std::string>& tokens, std::uint32_t number, std::uint32_t addresses) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 2 * tokens.size() + 100) {
    return Error{ErrorCode::kFull, std::to_string(tokens.size()) +
                                       " servers that ask at once need two descriptors each, the limit here is " +
                                       std::to_string(limit.rlim_cur)};
  }
  return Storm(tokens, number, addresses).run();
}

}  // namespace capmap::fleet
