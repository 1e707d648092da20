#include "controller/server_key_desk.hpp"

#include <algorithm>
#include <utility>

#include "common/time_text.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kRetryMs = 10'000;
/// Moves that did not come about within their time get so much more, then nobody is waited for: who knows both keys is back at once.
constexpr std::uint64_t kMoreMoves = 2, kMoreMs = 60'000;

}  // namespace

bool next_phase_is_due(const ServerKeys& keys, const ServerKeyPolicy& policy, const ServerKeyCensus& census, std::uint64_t now_unix_ms,
                       std::uint64_t settled_ms) {
  const auto since = [now_unix_ms](std::uint64_t then) { return now_unix_ms - std::min(now_unix_ms, then); };
  const auto moved = [&](std::uint64_t left_behind) {
    const bool patience_over = settled_ms >= policy.move_ms * (1 + kMoreMoves) + kMoreMs;
    return settled_ms >= policy.move_ms + policy.hear_ms && (left_behind == 0 || patience_over);
  };
  switch (keys.phase) {
    case KeyPhase::kOne: return policy.max_age_ms != 0 && since(keys.current_since_unix_ms) >= policy.max_age_ms;
    case KeyPhase::kLearning:
      return since(keys.phase_since_unix_ms) >= policy.window_ms && settled_ms >= policy.hear_ms && not_knowing(census) == 0;
    case KeyPhase::kLeaving: return moved(census.on_message_port);
    case KeyPhase::kReturning: return moved(census.on_other_port);
    case KeyPhase::kBoth: return since(keys.phase_since_unix_ms) >= policy.old_ms && settled_ms >= policy.hear_ms;
  }
  return false;
}

ServerKeyDesk::ServerKeyDesk(Parts parts, ServerKeys keys, std::uint64_t now_boot_ms)
    : parts_(std::move(parts)), keys_(std::move(keys)), settled_since_ms_(now_boot_ms) {
  publish();
}

void ServerKeyDesk::publish() {
  ServerKeyState state{
      .number = ++number_, .phase = keys_.phase, .message_port = keys_.current, .other_port = {}, .move_ms = parts_.policy.move_ms};
  if (const auto* other = key_of_other_port(keys_)) state.other_port = *other;
  parts_.state.publish(std::make_shared<const ServerKeyState>(std::move(state)));
}

ServerKeyCensus ServerKeyDesk::counted() const {
  const auto census = parts_.census.take();
  return census ? *census : ServerKeyCensus{};
}

Result<Done> ServerKeyDesk::go_on(std::uint64_t now_unix_ms, std::uint64_t now_boot_ms) {
  auto next = begin_next_phase(parts_.state_folder, keys_, now_unix_ms);
  if (!next) return next.error();
  keys_ = std::move(*next);
  settled_since_ms_ = now_boot_ms;
  const auto census = counted();
  log_info("server_key_phase", {{"phase", to_word(keys_.phase)},
                                {"public_key", keys_.current.public_key},
                                {"heard", census.heard},
                                {"on_message_port", census.on_message_port},
                                {"on_other_port", census.on_other_port}});
  publish();
  return Done{};
}

void ServerKeyDesk::turn(std::uint64_t now_unix_ms, std::uint64_t now_boot_ms) {
  const auto census = counted();
  if (census.number != number_ || now_boot_ms < retry_ms_) return;  // ingest has not come so far
  if (!next_phase_is_due(keys_, parts_.policy, census, now_unix_ms, now_boot_ms - settled_since_ms_)) return;
  const auto done = go_on(now_unix_ms, now_boot_ms);
  log_.note("server_key", done ? "" : "the change of the server's key does not go on: " + done.error().what);
  if (!done) retry_ms_ = now_boot_ms + kRetryMs;
}

std::string ServerKeyDesk::too_soon(std::uint64_t now_boot_ms) const {
  const auto census = counted();
  if (!census.problem.empty()) return "the next key is not served: " + census.problem;
  if (census.number != number_ || now_boot_ms < settled_since_ms_ + parts_.policy.hear_ms) {
    return "not everybody has been heard since this began, or since the controller's start: ask again in " +
           std::to_string(parts_.policy.hear_ms / 1'000 + 1) + " s";
  }
  if (const auto missing = not_knowing(census); missing != 0) {
    return std::to_string(missing) + " of " + std::to_string(census.heard) +
           " that report do not know the next key: wait until keys list says that all do, or force it; they are cut off then, and come "
           "back "
           "by the enrolment port where their version can";
  }
  return {};
}

std::string ServerKeyDesk::refusal(const RotateServerKey& request, std::uint64_t now_boot_ms) const {
  if (!request.finish) {
    return keys_.phase == KeyPhase::kOne ? std::string()
                                         : "a change of the server's key is under way (" + std::string(to_word(keys_.phase)) +
                                               ", see keys list): it has to end first";
  }
  switch (keys_.phase) {
    case KeyPhase::kOne: return "no change of the server's key is under way: keys rotate --server begins one";
    case KeyPhase::kLearning: return request.force ? std::string() : too_soon(now_boot_ms);
    case KeyPhase::kLeaving:
    case KeyPhase::kReturning: return "the two keys are changing roles already: that takes minutes, see keys list";
    case KeyPhase::kBoth:
      return request.force
                 ? std::string()
                 : "the keys have changed roles; the old one lets in until " +
                       rfc3339_text(keys_.phase_since_unix_ms + parts_.policy.old_ms) + " who was off meanwhile: force ends that now";
  }
  return {};
}

ServerKeyTold ServerKeyDesk::ask(const RotateServerKey& request, std::uint64_t now_unix_ms, std::uint64_t now_boot_ms) {
  auto refused = refusal(request, now_boot_ms);
  if (refused.empty()) {
    if (auto done = go_on(now_unix_ms, now_boot_ms); !done) refused = done.error().what;
  }
  return {.status = status(), .refused = std::move(refused)};
}

ServerKeyStatus ServerKeyDesk::status() const {
  const auto census = counted();
  ServerKeyStatus status{.phase = to_word(keys_.phase),
                         .public_key = keys_.current.public_key,
                         .enrolment_public_key = keys_.enrolment.public_key,
                         .since_unix_ms = keys_.current_since_unix_ms,
                         .phase_since_unix_ms = keys_.phase_since_unix_ms,
                         .other_port = parts_.other_port,
                         .heard = census.heard,
                         .knowing = census.knowing,
                         .on_message_port = census.on_message_port,
                         .on_other_port = census.on_other_port,
                         .problem = census.problem};
  if (keys_.second) status.second_public_key = keys_.second->public_key;
  if (keys_.phase == KeyPhase::kLearning) status.phase_until_unix_ms = keys_.phase_since_unix_ms + parts_.policy.window_ms;
  if (keys_.phase == KeyPhase::kBoth) status.phase_until_unix_ms = keys_.phase_since_unix_ms + parts_.policy.old_ms;
  return status;
}

}  // namespace capmap
