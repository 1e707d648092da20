// GET /v1/find over the real http thread.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/csv.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/scoped_world.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::json;
using Catch::Contains;

namespace {

/// Three fresh nodes of 8 NPUs in the first site, of which two are free as a whole and one has 4 free; one lost node in the other.
std::shared_ptr<MapView> view_with_free(std::uint64_t at_boot_ms) {
  auto view = small_view(at_boot_ms);
  auto cells = view->cells.ordered();
  for (auto& cell : cells) {
    if (cell.key.hardware == kNoHardware) continue;
    cell.free_accelerators_histogram[8] = cell.key.liveness == Liveness::kFresh ? 2 : 1;
    if (cell.key.liveness == Liveness::kFresh) cell.free_accelerators_histogram[4] = 1;
  }
  view->cells = {};
  for (const auto& cell : cells) view->cells.push_back(cell);
  view->dictionaries.reset();
  return view;
}

json find(const HttpWorld& world, const std::string& query) {
  const auto reply = get(world.port, "/v1/find?" + query);
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  return body_of(reply);
}

}  // namespace

TEST_CASE("http find: who could serve a demand is ranked with the reason, and what removed the others is told") {
  HttpWorld world;
  world.view.publish(view_with_free(world.clock.boot_ms()));
  const auto answer = find(world, "accelerators=8&kind=npu&model=npu&nodes=2&rdma=true");
  CHECK(answer["answer"] == "yes");
  CHECK(answer["revision"] == 41);
  CHECK(answer["considered_nodes"] == 5);
  CHECK(answer["nodes"] == 2);
  CHECK(answer["accelerators"] == 16);
  CHECK(answer["rate_mflops"].is_null());
  REQUIRE(answer["offers"].size() == 1);
  const auto& offer = answer["offers"][0];
  CHECK(offer["rank"] == 1);
  CHECK(offer["reason"] == "one_kind");
  CHECK(offer["site"]["name"] == "北京 \"one\"");
  CHECK(offer["pool"].is_null());
  CHECK(offer["takes_nodes"] == 2);
  CHECK(offer["largest_block"]["nodes"] == 2);
  CHECK(offer["largest_block"]["hardware"].get<std::string>().starts_with("h-"));
  CHECK(offer["largest_free_accelerators"] == 8);
  const auto need = [&answer](const char* name) { return answer["needs"].value(name, json()); };
  CHECK(need("fresh")["removed_nodes"] == 1);
  CHECK(need("fresh")["only_this_nodes"] == 1);
  CHECK(need("rdma")["unknown_nodes"] == 1);  // the node of which no shape is known
  CHECK(need("region").is_null());
  CHECK(find(world, "accelerators=8&nodes=3")["answer"] == "no");
  CHECK(find(world, "accelerators=4&nodes=3&together=spread")["answer"] == "yes");
  CHECK(find(world, "accelerators=1&region=31")["removed_most"] == "region");
  CHECK(find(world, "kind=npu")["accelerators"] == 20);
  CHECK(find(world, "accelerators=1&precision=fp16")["answer"] == "no");  // unrated: nobody knows
}

TEST_CASE("http find: offers come as CSV and in pages, with a tag of their own") {
  HttpWorld world;
  world.view.publish(view_with_free(world.clock.boot_ms()));
  const auto csv = get(world.port, "/v1/find?accelerators=4", "Accept: text/csv\r\n");
  REQUIRE(csv.status == 200);
  CHECK(csv.headers.at("Content-Type") == "text/csv; charset=utf-8; header=present");
  const auto table = parse_csv("answer", csv.body, {.columns = 100});
  REQUIRE(table);
  REQUIRE(table->rows.size() == 1);
  CHECK(table->header.front() == "rank");
  CHECK(table->rows[0].cells.front() == "1");
  const auto as_json = get(world.port, "/v1/find?accelerators=4");
  CHECK(as_json.headers.at("ETag") != csv.headers.at("ETag"));
  CHECK(get(world.port, "/v1/find?accelerators=4", "If-None-Match: " + as_json.headers.at("ETag") + "\r\n").status == 304);
  const auto past_the_end = body_of(get(world.port, "/v1/find?accelerators=4&cursor=5&limit=1"));
  CHECK(past_the_end["offers"].empty());
  CHECK(past_the_end["offer_count"] == 1);
  CHECK(past_the_end["next"].is_null());
}

TEST_CASE("http find: a demand that cannot be is refused with what would be right") {
  HttpWorld world;
  world.view.publish(view_with_free(world.clock.boot_ms()));
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"", "accelerators"},
      {"nodes=2", "cores or memory_gib"},
      {"accelerators=0", "accelerators"},
      {"accelerators=8&together=rack", "site, pool, spread"},
      {"kind=cpu", "gpu, npu, fpga, other"},
      {"accelerators=8&precision=fp17", "fp16"},
      {"accelerators=8&rate_mflops=5", "precision"},
      {"accelerators=8&rdma=yes", "false, true"},
      {"accelerators=8&security_level=6", "5"},
      {"accelerators=8&site=nowhere", "no site"},
      {"accelerators=8&compute_class=inteligent", "did you mean intelligent"},
      {"accelerators=8&filter=livenes%20%3D%20lost", "did you mean liveness"},
      {"accelerators=8&filter=hostname%20%3D%20a", "node by node"},
      {"accelerators=8&limit=0", "limit"},
      {"accelerators=8&colour=red", "colour"}};
  for (const auto& [query, fix] : mistakes) {
    const auto reply = get(world.port, "/v1/find?" + query);
    INFO(query << " -> " << reply.body);
    CHECK(reply.status == 400);
    CHECK_THAT(reply.body, Contains(fix));
  }
}

TEST_CASE("http find: who has a scope is told of what is in it alone") {
  ScopedWorld world(Scope{.regions = {"31"}, .sites = {}});
  const auto answer = world.read("/v1/find?accelerators=1");
  CHECK(answer["considered_nodes"] == 0);
  CHECK(answer["offers"].empty());
  CHECK(answer["scope"].is_string());
}
