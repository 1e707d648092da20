#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controller/ctl/output.hpp"

using namespace capmap;
using Catch::Contains;

TEST_CASE("an answer as CSV is its table: members of members are columns, lists stand in one field") {
  const auto answer = ApiJson::parse(R"({"revision":7,"nodes":[
    {"id":"n-1","site":{"id":"s-1","name":"a, b"},"isa":["avx2","amx"],"pus":96},
    {"id":"n-2","site":null,"labels":{},"bytes":"18446744073709551616","cards":[{"n":1}]}],"total":2})");
  const auto csv = csv_of(answer);
  REQUIRE(csv);
  CHECK(*csv ==
        "id,site.id,site.name,isa,pus,site,labels,bytes,cards\r\n"
        "n-1,s-1,\"a, b\",avx2;amx,96,,,,\r\n"
        "n-2,,,,,,,18446744073709551616,\"[{\"\"n\"\":1}]\"\r\n");
}

TEST_CASE("an answer without a list is one row, and an empty list no row") {
  CHECK(*csv_of(ApiJson::parse(R"({"ready":true,"controller":"c-1"})")) == "ready,controller\r\ntrue,c-1\r\n");
  CHECK(csv_of(ApiJson::parse(R"({"nodes":[],"next":null})"))->empty());
  CHECK_FALSE(csv_of(ApiJson::parse("[1,2]")));
}

TEST_CASE("an answer of too many columns is refused as a table") {
  ApiJson wide = ApiJson::object();
  for (int i = 0; i < 5'000; ++i) wide["column" + std::to_string(i)] = i;
  const auto refused = csv_of(wide);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().what, Contains("4096 columns") && Contains("-o yaml"));
}

TEST_CASE("an answer as YAML keeps its order and its types, whatever a name looks like") {
  const auto answer = ApiJson::parse(R"({"site":{"name":"yes","region":"110000"},"nodes":[{"id":"n-1","pus":96,"tags":[]},{"id":"n-2"}],
    "words":["plain","two words","北京","a: b","-x","null"],"none":null,"share":0.5,"empty":{},"nested":[[1,2],[]]})");
  CHECK(yaml_text(answer) ==
        "site:\n"
        "  name: \"yes\"\n"
        "  region: \"110000\"\n"
        "nodes:\n"
        "  - id: n-1\n"
        "    pus: 96\n"
        "    tags: []\n"
        "  - id: n-2\n"
        "words:\n"
        "  - plain\n"
        "  - \"two words\"\n"
        "  - \"北京\"\n"
        "  - \"a: b\"\n"
        "  - \"-x\"\n"
        "  - \"null\"\n"
        "none: null\n"
        "share: 0.5\n"
        "empty: {}\n"
        "nested:\n"
        "  - - 1\n"
        "    - 2\n"
        "  - []\n");
}

TEST_CASE("documents are parted in YAML, one alone is a table, and text is neither") {
  CHECK(*formatted(OutputFormat::kYaml, "{\"a\":1}\n{\"a\":2}\n") == "a: 1\n---\na: 2\n");
  CHECK_FALSE(formatted(OutputFormat::kCsv, "{\"a\":1}\n{\"a\":2}\n"));
  const auto text = formatted(OutputFormat::kCsv, "a table of old\n");
  REQUIRE_FALSE(text);
  CHECK_THAT(text.error().what, Contains("leave -o out"));
  CHECK(*formatted(OutputFormat::kTable, "as it is\n") == "as it is\n");
}
