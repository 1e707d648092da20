#include "controller/visits.hpp"

#include <catch2/catch.hpp>

using namespace capmap;

namespace {

std::uint32_t taken(Visits& visits, std::uint64_t now_ms, int tries) {
  std::uint32_t count = 0;
  for (int i = 0; i < tries; ++i) count += visits.take(now_ms) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("visits: a key may connect some times at once, then once each half minute, and never saves up more") {
  Visits visits;
  const std::uint64_t now_ms = 10'000'000 / Visits::kEveryMs * Visits::kEveryMs;
  CHECK(taken(visits, now_ms, 100) == Visits::kAtOnce);
  CHECK(taken(visits, now_ms + Visits::kEveryMs - 1, 100) == 0);
  CHECK(taken(visits, now_ms + Visits::kEveryMs, 100) == 1);
  CHECK(taken(visits, now_ms + 4 * Visits::kEveryMs, 100) == 3);
  CHECK(taken(visits, now_ms + 1'000 * Visits::kEveryMs, 100) == Visits::kAtOnce);
}

TEST_CASE("visits: a refused connection hangs for half a minute, and the count of them is bounded") {
  Hanging hanging;
  hanging.refused(1'000);
  hanging.refused(3'000);
  CHECK(hanging.count(30'999) == 2);
  CHECK(hanging.count(31'000) == 1);
  CHECK(hanging.count(33'000) == 0);
  hanging.refused(33'100);
  hanging.refused(33'200);
  hanging.ended(1);
  CHECK(hanging.count(33'300) == 1);
  hanging.ended(5);  // others' too
  CHECK(hanging.count(33'300) == 0);
  for (std::size_t i = 0; i < Hanging::kMost + 10; ++i) hanging.refused(40'000);
  CHECK(hanging.count(40'000) == Hanging::kMost);
}
