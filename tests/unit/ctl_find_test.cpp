#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/find.hpp"

using namespace capmap;
using Catch::Contains;

namespace {

ApiJson answer() {
  return ApiJson::parse(R"({"answer": "yes", "wanted_nodes": 4, "together": "pool", "considered_nodes": 1200, "nodes": 9, "maybe_nodes": 2,
    "offers": [
      {"rank": 1, "reason": "one_kind", "site": {"id": "s-1", "name": "west-1"}, "pool": {"id": "p-1", "name": "batch"}, "nodes": 6,
       "maybe_nodes": 2, "takes_nodes": 4, "accelerators": 48, "rate_mflops": "47472000000",
       "largest_block": {"nodes": 6, "pool": {"id": "p-1", "name": "batch"}, "hardware": "h-1"}, "largest_free_accelerators": 8},
      {"rank": 2, "reason": "part", "site": {"id": "s-2", "name": "east"}, "pool": null, "nodes": 3, "maybe_nodes": 0, "takes_nodes": 0,
       "accelerators": 24, "rate_mflops": null, "largest_block": null, "largest_free_accelerators": 17}],
    "offer_count": 3, "removed_most": "fresh",
    "needs": {"fresh": {"removed_nodes": 1000, "removed_accelerators": 8000, "unknown_nodes": 0, "only_this_nodes": 40},
              "rdma": {"removed_nodes": 0, "removed_accelerators": 0, "unknown_nodes": 0, "only_this_nodes": 0}}})");
}

}  // namespace

TEST_CASE("ctl find: offers stand in their order with the reason, then what removed the others") {
  const auto text = find_text(answer(), "fp16", {});
  CHECK_THAT(text, Contains("4 wanted in one pool: there are enough\n") && Contains("9 of 1,200 installed nodes serve it now, 2 more"));
  CHECK_THAT(text, Contains("west-1") && Contains("47.5 PFLOP/s") && Contains("6 in batch") && Contains("all, of one kind"));
  CHECK_THAT(text, Contains("> 16") && Contains("a part") && Contains("2 of 3 offers shown"));
  CHECK_THAT(text, Contains("what removed most: fresh") && Contains("1,000") && !Contains("rdma"));
}

TEST_CASE("ctl find: an answer without members does not end the program, and rates are read with their unit") {
  CHECK_THAT(find_text(ApiJson::object(), "", {}), Contains("not enough"));
  CHECK(*parse_rate("300T") == "300000000");
  CHECK(*parse_rate("1.5P") == "1500000000");
  CHECK(*parse_rate("1M") == "1");
  for (const char* wrong : {"", "T", "300", "1e3T", "-1T", "0T", "300t", "9999999999E"}) {
    INFO(wrong);
    CHECK_THAT(parse_rate(wrong).error().what, Contains("300T"));
  }
}

TEST_CASE("ctl find: wrong use is said before anybody is asked") {
  std::ostringstream out, err;
  CHECK(run_ctl({"find", "--rate", "fast"}, "1", out, err) == CtlExit::kUsage);
  CHECK(run_ctl({"find", "--together", "rack"}, "1", out, err) == CtlExit::kUsage);
  CHECK_THAT(err.str(), Contains("300T") && Contains("spread"));
}
