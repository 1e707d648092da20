#include "controller/server_ports.hpp"

#include <algorithm>
#include <utility>

#include "common/join_token.hpp"
#include "controller/zap.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kSlotMs = 15'000;    ///< who does not do what it was told is told again
constexpr std::uint64_t kLookMs = 100;       ///< between two looks at what is published
constexpr std::uint64_t kClosingMs = 2'000;  ///< of a listener: nothing to speak of
constexpr std::uint64_t kLeastMoveMs = 2'000;
constexpr std::uint64_t kCountEveryMs = 500, kCountShare = 50;  ///< a count takes one fiftieth of the time at most
constexpr const char* kDomain = "agents";

}  // namespace

ServerPorts::ServerPorts(Parts parts, std::string bound, CurveKeys key)
    : parts_(std::move(parts)),
      message_{.wanted = bound, .bound = bound, .domain = kDomain, .key = std::move(key.public_key)},
      other_{.wanted = parts_.other_endpoint, .bound = {}, .domain = std::string(kDomain) + kOtherPortDomain, .key = {}} {}

bool ServerPorts::bind(zmq::socket_t& router, Port& port, const CurveKeys* key) {
  if (key != nullptr && !port.bound.empty() && port.key == key->public_key) return true;
  if (!port.bound.empty()) {
    static_cast<void>(unbind_router(router, port.bound));
    log_info("server_port_closed", {{"endpoint", port.bound}});
    port.bound.clear();
  }
  if (key == nullptr || port.wanted.empty()) return true;
  auto bound = bind_router_too(router, {.endpoint = port.wanted, .keys = *key, .zap_domain = port.domain});
  if (!bound) {
    problem_ = bound.error().what;
    return false;
  }
  port.bound = std::move(*bound);
  port.key = key->public_key;
  log_info("server_port_open", {{"endpoint", port.bound}, {"public_key", port.key}});
  return true;
}

void ServerPorts::follow(zmq::socket_t& router, std::uint64_t now_ms) {
  if (parts_.state == nullptr || (!waits_ && now_ms < looked_ms_ + kLookMs)) return;
  looked_ms_ = now_ms;
  auto state = parts_.state->take();
  if (!state || (state == state_ && !waits_)) return;
  if (state != state_) began_ms_ = now_ms;
  state_ = std::move(state);
  problem_.clear();
  // A listener that was just closed holds its port for a moment longer; that of the message port is wanted most.
  const bool message = bind(router, message_, &state_->message_port);
  const bool other = bind(router, other_, state_->other_port ? &*state_->other_port : nullptr);
  waits_ = !message || !other;
  if (now_ms >= began_ms_ + kClosingMs || !waits_) log_.note("server_port", problem_);
  count_at_ms_ = now_ms;
}

std::uint16_t ServerPorts::wanted_port(const KeyKnowledge& sender) const {
  const bool away = state_->phase == KeyPhase::kLeaving, home = state_->phase == KeyPhase::kReturning || state_->phase == KeyPhase::kBoth;
  if (away && !sender.on_other_port) return port_of(other_.bound);
  return home && sender.on_other_port ? port_of(message_.bound) : std::uint16_t{0};
}

std::optional<KeyNews> ServerPorts::heard(KeyKnowledge& sender, bool on_other_port, std::uint64_t now_ms) {
  if (!state_ || state_->phase == KeyPhase::kOne) return std::nullopt;
  sender.on_other_port = on_other_port;
  const auto mark = static_cast<std::uint8_t>(state_->number % 255 + 1), slot = static_cast<std::uint8_t>(now_ms / kSlotMs);
  const auto port = wanted_port(sender);
  if (sender.told == mark && (sender.slot == slot || (port == 0 && sender.knows_next))) return std::nullopt;
  if (sender.told != mark) sender.knows_next = false;
  sender.told = mark;
  sender.slot = slot;
  auto news = news_of(*state_, port_of(other_.bound));
  news.move_to_port = port;
  const auto until_ms = began_ms_ + state_->move_ms;
  if (port != 0) news.move_within_ms = static_cast<std::uint32_t>(std::max(until_ms - std::min(until_ms, now_ms), kLeastMoveMs));
  return news;
}

void ServerPorts::learned(KeyKnowledge& sender, const std::string& key) const {
  if (state_ && state_->other_port && key == state_->other_port->public_key) sender.knows_next = true;
}

void ServerPorts::begin_count(std::uint64_t now_ms) {
  counting_ms_ = now_ms;
  census_ = {.number = waits_ ? 0 : state_->number, .problem = problem_};
}

void ServerPorts::count(const KeyKnowledge& sender, std::uint64_t heard_ms) {
  if (heard_ms + parts_.hear_ms < counting_ms_) return;
  const bool told = sender.told == static_cast<std::uint8_t>(state_->number % 255 + 1);
  ++census_.heard;
  census_.knowing += told && sender.knows_next ? 1 : 0;
  ++(told && sender.on_other_port ? census_.on_other_port : census_.on_message_port);
}

void ServerPorts::end_count(std::uint64_t now_ms) {
  count_at_ms_ = now_ms + std::max(kCountEveryMs, (now_ms - counting_ms_) * kCountShare);
  parts_.census->publish(std::make_shared<const ServerKeyCensus>(census_));
}

}  // namespace capmap
