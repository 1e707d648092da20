#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "controller/requests.hpp"

namespace capmap {

/// Statements that wait for one of the SQL workers, in order; but who has one running lets others go first. Thread: http.
class SqlQueue {
 public:
  static constexpr std::size_t kMostWaiting = 16;    ///< of everybody, beside those that run
  static constexpr std::size_t kMostOfSomebody = 4;  ///< of one user or token, those that run included

  /// A job of somebody, to be handed to that worker now.
  struct Next {
    std::uint8_t worker = 0;
    SqlJob job;
  };

  /// Errors: kUnavailable: too many wait already, of whom, and what to do.
  Result<Done> add(SqlJob job);
  /// What can begin now. `wanted(ticket)`: whether its asker still waits; if not it is dropped. Again until there is nothing.
  template <class Wanted>
  std::optional<Next> take(Wanted wanted) {
    std::erase_if(waiting_, [&wanted](const SqlJob& job) { return !wanted(job.ticket); });
    return take_next();
  }
  /// The worker has answered, and is free.
  void done(std::uint8_t worker);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::size_t running() const;

 private:
  std::optional<Next> take_next();
  [[nodiscard]] std::size_t of(const std::string& who) const;

  std::array<std::optional<std::string>, kSqlWorkers> running_{};  ///< [worker] who asked; absent: it is free
  std::deque<SqlJob> waiting_;
};

}  // namespace capmap
