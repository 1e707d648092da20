#include "controller/join_rates.hpp"

#include <catch2/catch.hpp>
#include <map>

using namespace capmap;
using enum JoinRates::Answer;

namespace {

int taken(JoinRates& rates, const std::string& from, std::uint64_t now_ms, int asks) {
  int count = 0;
  for (int i = 0; i < asks; ++i) count += rates.take(from, now_ms) == kTake ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("join rates: an address may ask so often a second, with four seconds' worth at once, and takes nothing of others") {
  JoinRates rates(10, 1'000);
  CHECK(taken(rates, "192.0.2.1", 5'000, 100) == 40);
  CHECK(rates.take("192.0.2.1", 5'000) == kTooManyFromHere);
  CHECK(taken(rates, "192.0.2.2", 5'000, 100) == 40);
  CHECK(taken(rates, "192.0.2.1", 6'000, 100) == 10);
  CHECK(taken(rates, "192.0.2.1", 60'000, 100) == 40);
  CHECK(taken(rates, "2001:db8::1", 60'000, 30) + taken(rates, "2001:db8::2", 60'000, 30) == 40);
}

TEST_CASE("join rates: all together have a limit too") {
  JoinRates rates(10, 20);
  int all = 0;
  for (int i = 0; i < 100; ++i) all += taken(rates, "192.0.2." + std::to_string(i), 1'000, 5);
  CHECK(all == 80);
  CHECK(rates.take("192.0.2.200", 1'000) == kTooMany);
  CHECK(taken(rates, "192.0.2.200", 2'000, 5) == 5);
}

TEST_CASE("join rates: a flood of addresses neither grows without end nor shuts out those that come later") {
  JoinRates rates(1, 4'000'000);
  const auto address = [](std::size_t i) {
    return std::to_string(1 + (i >> 16U)) + "." + std::to_string((i >> 8U) & 255U) + "." + std::to_string(i & 255U) + ".1";
  };
  for (std::size_t i = 0; i < JoinRates::kMostCallers + 10'000; ++i) static_cast<void>(rates.take(address(i), 1'000));
  CHECK(rates.callers() == JoinRates::kMostCallers);
  CHECK(rates.take("203.0.113.9", 1'001) == kTooManyFromHere);  // with the rest
  CHECK(rates.take("203.0.113.9", 9'000) == kTake);             // those of before are idle: forgotten
  CHECK(rates.callers() == 1);
}

TEST_CASE("join rates: who is sent away is given a turn, as many a second as may come, and who keeps to it is let in") {
  JoinRates rates(100, 1'000'000);
  constexpr int kMachines = 5'000;
  std::map<std::uint64_t, int> turns;  // second ▶ machines
  CHECK(taken(rates, "192.0.2.1", 1'000, 400) == 400);
  for (int i = 400; i < kMachines; ++i) {
    REQUIRE(rates.take("192.0.2.1", 1'000) == kTooManyFromHere);
    ++turns[1'000 + std::uint64_t{rates.turn_s()} * 1'000];
  }
  CHECK(turns.begin()->first == 2'000);
  CHECK(turns.rbegin()->first == 47'000);
  int in = 400;
  for (const auto& [at_ms, machines] : turns) {
    CHECK(machines == 100);
    in += taken(rates, "192.0.2.1", at_ms, machines);
  }
  CHECK(in == kMachines);
}

TEST_CASE("join rates: turns lie no further than two minutes ahead, however many ask") {
  JoinRates rates(1, 1'000);
  for (int i = 0; i < 10'000; ++i) {
    static_cast<void>(rates.take("192.0.2.1", 1'000));
    REQUIRE(rates.turn_s() <= JoinRates::kMostTurnS);
  }
  CHECK(rates.turn_s() == JoinRates::kMostTurnS);
  CHECK(rates.take("192.0.2.1", 121'000) == kTake);
}
