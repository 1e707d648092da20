// The same answers as columns and compressed, and what the API says of itself.
#include <zlib.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <vector>

#include "controller/http/columns_body.hpp"
#include "controller/http/routes.hpp"
#include "tests/support/columns_reader.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::support;
using json = nlohmann::ordered_json;

namespace {

const std::string kAcceptColumns = "Accept: application/vnd.capmap.columns\r\n", kAcceptGzip = "Accept-Encoding: gzip\r\n";

/// A body of chunks put together.
std::string joined(const std::string& chunks) {
  std::string out;
  for (std::size_t at = 0; at < chunks.size();) {
    const auto line = chunks.find("\r\n", at);
    const auto length = std::stoul(chunks.substr(at, line - at), nullptr, 16);
    out += chunks.substr(line + 2, length);
    at = line + 2 + length + 2;
  }
  return out;
}

std::string unpacked(const std::string& bytes) {
  z_stream state{};
  REQUIRE(inflateInit2(&state, 15 + 16) == Z_OK);
  std::string out(64 << 20, '\0'), in = bytes;
  state.next_in = reinterpret_cast<Bytef*>(in.data());
  state.avail_in = static_cast<uInt>(in.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&state, Z_FINISH) == Z_STREAM_END);
  out.resize(state.total_out);
  inflateEnd(&state);
  return out;
}

/// In whatever order their members stand: the list of rows comes last.
bool same(const json& a, const json& b) {
  return nlohmann::json(a) == nlohmann::json(b);
}

std::string file_text(const std::string& path) {
  std::ifstream file(std::string(CAPMAP_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The small view with so many more sites, each with a node.
std::shared_ptr<MapView> wide_view(std::uint64_t at_boot_ms, std::uint32_t more) {
  auto view = small_view(at_boot_ms);
  for (std::uint32_t i = 0; i < more; ++i) {
    auto site = std::make_shared<Site>(*view->sites[1]);
    site->id.bytes = {9, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
    site->name = "site-" + std::to_string(i);
    site->pue_permille = 1'000 + i % 300;
    if (i % 3 == 0) site->latitude_udeg = site->longitude_udeg = static_cast<std::int32_t>(i) * 1'000;
    Cell cell;
    cell.key = {.site = static_cast<std::uint32_t>(view->sites.size()), .hardware = 1, .liveness = Liveness::kFresh};
    cell.nodes = 1 + i % 7;
    view->sites.push_back(std::move(site));
    view->cells.push_back(cell);
  }
  return view;
}

}  // namespace

TEST_CASE("columns: sites and groups come as columns that say what the JSON says, value by value") {
  HttpWorld world;
  world.view.publish(wide_view(world.clock.boot_ms(), 2'000));
  for (const char* target : {"/v1/sites", "/v1/map", "/v1/map?by=site&limit=1000", "/v1/map?by=site,liveness&measure=nodes&limit=1000",
                             "/v1/map?by=region_2&measure=declared", "/v1/map?by=accelerator_model"}) {
    INFO(target);
    const auto plain = get(world.port, target), columns = get(world.port, target, kAcceptColumns);
    REQUIRE(plain.status == 200);
    REQUIRE(columns.status == 200);
    CHECK(columns.headers.at("Content-Type") == "application/vnd.capmap.columns");
    CHECK(columns.headers.at("ETag") != plain.headers.at("ETag"));
    const ColumnsReader reader(columns.body);
    CHECK(same(reader.answer(), json::parse(plain.body)));
    CHECK(get(world.port, target, kAcceptColumns + "If-None-Match: " + columns.headers.at("ETag") + "\r\n").status == 304);
  }
  const auto all = get(world.port, "/v1/map?by=site&measure=nodes", kAcceptColumns);
  const ColumnsReader reader(all.body);
  CHECK(reader.head()["rows"] == 2'002);  // more than a page of JSON holds
  CHECK(all.body.size() < 100'000);
  CHECK(get(world.port, "/v1/map?by=site&limit=10001", kAcceptColumns).status == 400);
  CHECK(get(world.port, "/v1/map?by=os", kAcceptColumns).headers.at("Content-Type") == "application/json");
}

TEST_CASE("columns: any answer of objects comes back as it was, whatever its members are") {
  const auto seed = run_seed();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const auto any_value = [&random](std::uint64_t kind) -> json {
    switch (kind) {
      case 0: return nullptr;
      case 1: return random() % 2 == 0;
      case 2: return random() % 200;
      case 3: return random();
      case 4: return static_cast<std::int64_t>(random());
      case 5: return static_cast<double>(random() % 1'000) / 8;
      case 6: return std::to_string(random() % 70'000);
      case 7: return "0" + std::to_string(random() % 10);
      case 8: return "text " + std::to_string(random() % 3);
      case 9: return std::string("\xE5\x8C\x97\xE4\xBA\xAC") + std::to_string(random());
      case 10: return json::array({1, "x", nullptr});
      default: return json{{"k" + std::to_string(random() % 3), random() % 5}};
    }
  };
  for (int round = 0; round < 300; ++round) {
    json answer = {{"revision", random()}, {"note", "x"}};
    answer["rows"] = json::array();
    const auto rows = random() % 40, columns = 1 + random() % 8;
    std::vector<std::uint64_t> kinds;
    for (std::uint64_t i = 0; i < columns; ++i) kinds.push_back(random() % 13);
    const bool ragged = random() % 3 == 0;
    for (std::uint64_t row = 0; row < rows; ++row) {
      json object = json::object();
      for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (ragged && random() % 4 == 0) continue;
        const auto kind = kinds[i] == 12 ? random() % 12 : random() % 6 == 0 ? 0 : kinds[i];
        object["deep"]["m" + std::to_string(i)] = any_value(kind);
        object["m" + std::to_string(i)] = any_value(kind);
      }
      answer["rows"].push_back(std::move(object));
    }
    const auto bytes = columns_body(answer, "rows");
    const auto back = ColumnsReader(bytes).answer();
    REQUIRE(same(back, answer));
  }
}

TEST_CASE("gzip: an answer of some length is compressed for who asks, and is the same") {
  HttpWorld world;
  world.view.publish(wide_view(world.clock.boot_ms(), 1'000));
  for (const char* target : {"/v1/sites", "/v1/map?by=site", "/v1/openapi.yaml", "/v1/docs", "/metrics"}) {
    INFO(target);
    const auto plain = get(world.port, target), packed = get(world.port, target, kAcceptGzip);
    REQUIRE(packed.status == 200);
    CHECK_FALSE(plain.headers.contains("Content-Encoding"));
    CHECK(packed.headers.at("Content-Encoding") == "gzip");
    const auto body = joined(packed.body);
    CHECK(body.size() * 3 < plain.body.size());
    if (target != std::string("/metrics")) CHECK(unpacked(body) == plain.body);
  }
  for (const char* no : {"", "Accept-Encoding: identity\r\n", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: br, *;q=0.0\r\n"}) {
    CHECK_FALSE(get(world.port, "/v1/sites", no).headers.contains("Content-Encoding"));
  }
  for (const char* yes : {"Accept-Encoding: br, gzip;q=0.5\r\n", "Accept-Encoding: *\r\n", "Accept-Encoding: deflate,gzip\r\n"}) {
    CHECK(get(world.port, "/v1/sites", yes).headers.contains("Content-Encoding"));
  }
  CHECK_FALSE(get(world.port, "/healthz", kAcceptGzip).headers.contains("Content-Encoding"));  // too short
  CHECK_FALSE(request(world.port, "HEAD", "/v1/sites", kAcceptGzip).headers.contains("Content-Encoding"));
  const auto both = get(world.port, "/v1/sites", kAcceptColumns + kAcceptGzip), columns = get(world.port, "/v1/sites", kAcceptColumns);
  CHECK(unpacked(joined(both.body)) == columns.body);
}

TEST_CASE("openapi: the description is served as it was built, and as a page without scripts that names each operation") {
  HttpWorld world;
  const auto yaml = get(world.port, "/v1/openapi.yaml");
  REQUIRE(yaml.status == 200);
  CHECK(yaml.headers.at("Content-Type") == "application/yaml");
  CHECK(yaml.body == file_text("schemas/openapi.yaml"));
  CHECK(get(world.port, "/v1/openapi.yaml", "If-None-Match: " + yaml.headers.at("ETag") + "\r\n").status == 304);
  const auto page = get(world.port, "/v1/docs");
  REQUIRE(page.status == 200);
  CHECK(page.headers.at("Content-Type") == "text/html; charset=utf-8");
  const auto& policy = page.headers.at("Content-Security-Policy");
  CHECK(policy.find("default-src 'none'; style-src 'sha256-") == 0);
  CHECK(policy.find("unsafe") == std::string::npos);
  for (const char* none : {"<script", "javascript:", "src=", "http-equiv", "onclick", "//cdn"}) {
    INFO(none);
    CHECK(page.body.find(none) == std::string::npos);
  }
  for (const auto& route : routes()) {
    INFO(route.path);
    CHECK(page.body.find("\">" + std::string(route.method) + " " + route.path + "</h2>") != std::string::npos);
  }
  // What a link points to is there.
  for (auto at = page.body.find("href=\"#"); at != std::string::npos; at = page.body.find("href=\"#", at + 1)) {
    const auto name = page.body.substr(at + 7, page.body.find('"', at + 7) - at - 7);
    INFO(name);
    CHECK(page.body.find("id=\"" + name + "\"") != std::string::npos);
  }
}
