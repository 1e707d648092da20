#include <catch2/catch.hpp>

#include "controller/http/idempotency.hpp"

using namespace capmap;

TEST_CASE("http idempotency: a key gives its answer again, and none to another request") {
  IdempotencyMemory memory;
  CHECK_FALSE(memory.begin("k", "what"));
  CHECK(memory.begin("k", "what")->status == 409);
  memory.keep("k", {.status = 201, .content_type = "application/json", .body = "b", .headers = {}});
  const auto again = memory.begin("k", "what");
  REQUIRE(again);
  CHECK(again->status == 201);
  CHECK(again->body == "b");
  CHECK(again->headers == TextPairs{{"Idempotency-Replayed", "true"}});
  CHECK(memory.begin("k", "other")->status == 409);
}

TEST_CASE("http idempotency: what was not carried out may come again, also differently") {
  IdempotencyMemory memory;
  CHECK_FALSE(memory.begin("k", "what"));
  memory.forget("k");
  memory.forget("never seen");
  CHECK(memory.size() == 0);
  CHECK_FALSE(memory.begin("k", "other"));
}

TEST_CASE("http idempotency: the newest thousand keys are kept, the oldest goes first") {
  IdempotencyMemory memory;
  for (std::size_t i = 0; i <= IdempotencyMemory::kMaxKeys; ++i) {
    const auto key = std::to_string(i);
    CHECK_FALSE(memory.begin(key, key));
    memory.keep(key, {.status = 201, .content_type = {}, .body = key, .headers = {}});
  }
  CHECK(memory.size() == IdempotencyMemory::kMaxKeys);
  CHECK(memory.begin("1", "1")->body == "1");
  CHECK_FALSE(memory.begin("0", "0"));
  memory.keep("1", {});
}
