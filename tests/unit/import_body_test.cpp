#include "controller/http/import_body.hpp"

#include <catch2/catch.hpp>

using namespace capmap;
using Catch::Contains;

TEST_CASE("import body: entries of all kinds as texts, with what stands in objects named by dots") {
  const auto body = read_import_body(R"({"dry_run":true,"sites":[{"name":"a","pue":1.250,"latitude":-1e-6,"declared":{"nodes":5,
      "accelerators_by_model":{"H.1":2}},"public_compute":false},{"name":"b","region":null}],"owners":[],
      "links":[{"name":"l"}],"expect":"d"})");
  REQUIRE(body);
  CHECK(body->dry_run);
  CHECK_FALSE(body->allow_move);
  CHECK(body->expect == "d");
  const auto& sites = body->tables[static_cast<std::size_t>(RecordKind::kSites)];
  CHECK(sites.columns == std::vector<std::string>{"name", "pue", "latitude", "declared.nodes", "declared.accelerators_by_model.H.1",
                                                  "public_compute", "region"});
  REQUIRE(sites.rows.size() == 2);
  CHECK(sites.rows[0].cells[1] == std::pair<std::uint32_t, std::string>{1, "1.250"});
  CHECK(sites.rows[0].cells[2].second == "-0.000001000");
  CHECK(sites.rows[0].cells[5].second == "false");
  CHECK(sites.rows[1].cells == decltype(sites.rows[1].cells){{0, "b"}, {6, ""}});
  CHECK(body->tables[static_cast<std::size_t>(RecordKind::kLinks)].rows.size() == 1);
}

TEST_CASE("import body: what may not stand there is refused with its place") {
  for (const auto& [text, what] : std::vector<std::pair<std::string, std::string>>{
           {"", "not JSON at byte"},
           {"[]", "must be a JSON object"},
           {"5", "must be a JSON object"},
           {R"({"sites":5})", "\"sites\" must be a list"},
           {R"({"sites":{}})", "\"sites\" must be a list"},
           {R"({"sites":[5]})", "sites[0] must be a list of objects"},
           {R"({"sites":[true]})", "sites[0] must be a list of objects"},
           {R"({"sites":[{"dry_run":1},true]})", "sites[0] must be a list of objects"},
           {R"({"sites":[[]]})", "sites[0] must not be a list"},
           {R"({"sites":[{"name":"a"},{"name":["a"]}]})", "sites[1].name must not be a list"},
           {R"({"sites":[{"a":{"b":{"c":{"d":1}}}}]})", "sites[0].a.b.c is nested too deep"},
           {R"({"sites":[{"name":"a","name":"b"}]})", "sites[0].name stands there twice"},
           {R"({"sites":[{"declared":{"nodes":1},"declared.nodes":2}]})", "sites[0].declared.nodes stands there twice"},
           {R"({"sites":[],"sites":[]})", "\"sites\" stands there twice"},
           {R"({"nodes":[]})", "no member is called \"nodes\"; known are owners"},
           {R"({"dry_run":1})", "\"dry_run\" must be true or false"},
           {R"({"dry_run":[]})", "\"dry_run\" must not be a list"},
           {R"({"expect":1})", "\"expect\" must be a text"},
           {R"({"sites":[{"name":")" + std::string(1'001, 'x') + R"("}]})", "sites[0].name a text of more than 1000 bytes"},
           {"{\"sites\":[{\"name\":\"\xff\"}]}", "not JSON at byte"},
           {R"({"sites":[)", "not JSON at byte"}}) {
    CAPTURE(text.substr(0, 100));
    const auto body = read_import_body(text);
    REQUIRE_FALSE(body);
    CHECK(body.error().code == ErrorCode::kMalformed);
    CHECK_THAT(body.error().what, Contains(what));
  }
  CHECK_THAT(read_import_body(std::string(100'000, '[')).error().what, Contains("must be a JSON object"));
}
