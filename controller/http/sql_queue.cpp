#include "controller/http/sql_queue.hpp"

#include <algorithm>
#include <utility>

namespace capmap {
namespace {

/// The same user by another token is somebody else: a program of theirs is not to stand in their own way.
std::string who(const SqlJob& job) {
  return job.question.principal.name + "\n" + job.question.principal.token_id;
}

}  // namespace

std::size_t SqlQueue::running() const {
  return static_cast<std::size_t>(std::ranges::count_if(running_, [](const auto& one) { return one.has_value(); }));
}

std::size_t SqlQueue::of(const std::string& asker) const {
  const auto theirs = std::ranges::count_if(running_, [&](const auto& one) { return one == asker; }) +
                      std::ranges::count_if(waiting_, [&](const auto& job) { return who(job) == asker; });
  return static_cast<std::size_t>(theirs);
}

Result<Done> SqlQueue::add(SqlJob job) {
  if (of(who(job)) >= kMostOfSomebody) {
    return Error{ErrorCode::kUnavailable, std::to_string(kMostOfSomebody) +
                                              " statements of this user or token are at work or wait already, and no more may: ask again "
                                              "when one has ended, or let each end sooner (ms)"};
  }
  if (waiting_.size() >= kMostWaiting) {
    return Error{ErrorCode::kUnavailable, std::to_string(kMostWaiting) +
                                              " statements wait already, and no more may: ask again in some seconds; capmap_sql_waiting in "
                                              "/metrics tells how many they are"};
  }
  waiting_.push_back(std::move(job));
  return Done{};
}

std::optional<SqlQueue::Next> SqlQueue::take_next() {
  const auto free = std::ranges::find_if(running_, [](const auto& one) { return !one.has_value(); });
  if (free == running_.end() || waiting_.empty()) return std::nullopt;
  auto next = std::ranges::find_if(waiting_, [this](const auto& job) { return std::ranges::find(running_, who(job)) == running_.end(); });
  if (next == waiting_.end()) next = waiting_.begin();
  *free = who(*next);
  Next out{.worker = static_cast<std::uint8_t>(free - running_.begin()), .job = std::move(*next)};
  waiting_.erase(next);
  return out;
}

void SqlQueue::done(std::uint8_t worker) {
  if (worker < running_.size()) running_[worker].reset();
}

}  // namespace capmap
