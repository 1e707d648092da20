// Who waits for a worker, and who goes first.
#include "controller/http/sql_queue.hpp"

#include <catch2/catch.hpp>
#include <set>

namespace capmap {
namespace {

SqlJob job_of(std::uint64_t ticket, const std::string& name, const std::string& token = {}) {
  SqlJob job{.ticket = ticket, .question = {.sql = "select 1"}};
  job.question.principal.name = name;
  job.question.principal.token_id = token;
  return job;
}
const auto kAll = [](std::uint64_t) { return true; };

TEST_CASE("sql queue: each worker has one statement at a time, in order") {
  SqlQueue queue;
  for (std::uint64_t i = 1; i <= 3; ++i) REQUIRE(queue.add(job_of(i, "user " + std::to_string(i))));
  const auto first = queue.take(kAll), second = queue.take(kAll);
  REQUIRE((first && second));
  CHECK(first->job.ticket == 1);
  CHECK(second->job.ticket == 2);
  CHECK(first->worker != second->worker);
  CHECK_FALSE(queue.take(kAll));
  queue.done(second->worker);
  const auto third = queue.take(kAll);
  REQUIRE(third);
  CHECK(third->job.ticket == 3);
  CHECK(third->worker == second->worker);
  CHECK(queue.running() == 2);
}

TEST_CASE("sql queue: who has one running lets others go first, and nobody takes all the room") {
  SqlQueue queue;
  for (std::uint64_t i = 1; i <= SqlQueue::kMostOfSomebody; ++i) REQUIRE(queue.add(job_of(i, "greedy")));
  CHECK_THAT(queue.add(job_of(9, "greedy")).error().what, Catch::Contains("of this user or token") && Catch::Contains("ask again"));
  CHECK(queue.add(job_of(10, "greedy", "t1")));  // a token of theirs is somebody else
  REQUIRE(queue.add(job_of(11, "li")));
  CHECK(queue.take(kAll)->job.ticket == 1);
  CHECK(queue.take(kAll)->job.ticket == 10);
  queue.done(1);
  CHECK(queue.take(kAll)->job.ticket == 11);
  queue.done(0);
  CHECK(queue.take(kAll)->job.ticket == 2);
  CHECK(queue.add(job_of(12, "greedy")));
  CHECK_FALSE(queue.add(job_of(13, "greedy")));
  SqlQueue full;
  for (std::size_t i = 0; i < SqlQueue::kMostWaiting; ++i) REQUIRE(full.add(job_of(i, "user " + std::to_string(i))));
  CHECK_THAT(full.add(job_of(99, "late")).error().what, Catch::Contains("16 statements wait") && Catch::Contains("ask again"));
}

TEST_CASE("sql queue: a statement nobody waits for any more is dropped before it begins") {
  SqlQueue queue;
  for (std::uint64_t i = 1; i <= 4; ++i) REQUIRE(queue.add(job_of(i, "user " + std::to_string(i))));
  const std::set<std::uint64_t> wanted = {2, 4};
  const auto still = [&wanted](std::uint64_t ticket) { return wanted.contains(ticket); };
  CHECK(queue.take(still)->job.ticket == 2);
  CHECK(queue.take(still)->job.ticket == 4);
  CHECK(queue.waiting() == 0);
}

}  // namespace
}  // namespace capmap
