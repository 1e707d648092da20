#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using nlohmann::json;

namespace {

const std::string kBearer = std::string("Authorization: Bearer ") + kAdminToken + "\r\n";

}  // namespace

TEST_CASE("http: where a site lies is told to a tenth of a degree, and exactly with the admin token, under tags of their own") {
  HttpWorld world;
  auto view = small_view(world.clock.boot_ms());
  Site site = *view->sites[1];
  site.latitude_udeg = 39'950'000;
  site.longitude_udeg = -116'449'999;
  site.pue_permille = 1'205;
  site.owner = "Example";
  view->sites[1] = std::make_shared<const Site>(site);
  auto beside = std::make_shared<Site>(*view->sites[2]);
  beside->latitude_udeg = -40'000;
  beside->longitude_udeg = 0;
  view->sites[2] = beside;
  view->site_register = std::make_shared<const SiteRegister>(
      SiteRegister{.owners = {{.name = "Example", .owner_class = "private"}, {.name = "Other", .owner_class = ""}},
                   .links = {{.name = "l", .from = site.id, .to = SiteId{{9}}, .gbps = 400, .km = {}, .latency_us = 4'500}}});
  world.view.publish(view);

  const auto anybody = get(world.port, "/v1/sites"), admin = get(world.port, "/v1/sites", kBearer);
  const auto rounded = body_of(anybody), exact = body_of(admin);
  CHECK(rounded["coordinates"] == "tenths of a degree");
  CHECK(rounded["sites"][0]["latitude"] == 40.0);
  CHECK(rounded["sites"][0]["longitude"] == -116.4);
  CHECK(rounded["sites"][1]["latitude"] == 0.0);
  CHECK(rounded["sites"][1]["pue"].is_null());
  CHECK(exact["coordinates"] == "exact");
  CHECK(exact["sites"][0]["latitude"] == 39.95);
  CHECK(exact["sites"][0]["longitude"] == -116.449999);
  CHECK(exact["sites"][0]["pue"] == 1.205);
  CHECK(admin.headers.at("Vary") == "Authorization, Accept");
  CHECK(admin.headers.at("ETag") != anybody.headers.at("ETag"));
  CHECK(get(world.port, "/v1/sites", kBearer + "If-None-Match: " + anybody.headers.at("ETag") + "\r\n").status == 200);
  CHECK(get(world.port, "/v1/sites", kBearer + "If-None-Match: " + admin.headers.at("ETag") + "\r\n").status == 304);
  CHECK(get(world.port, "/v1/sites", "Authorization: Bearer wrong\r\n").status == 401);  // else it would take tenths for all there is

  CHECK(body_of(get(world.port, "/v1/owners"))["owners"] == json::parse(R"([{"name":"Example","owner_class":"private","sites":1},
                                                                          {"name":"Other","owner_class":null,"sites":0}])"));
  const auto link = body_of(get(world.port, "/v1/links"))["links"][0];
  CHECK(link["from"] == site.name);
  CHECK(link["to"].is_null());  // a site that is not there
  CHECK(link["ms"] == 4.5);
  CHECK(link["km"].is_null());
}

TEST_CASE("http: a new site's figures are taken as numbers or texts, and refused with their bounds") {
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto made =
      body_of(post(world.port, "/v1/sites",
                   R"({"name":"a","latitude":39.904211,"longitude":"-116.4","pue":1.25,"green_share":300,"filing_number":"7","owner":"o"})",
                   kAdminToken));
  CHECK(made["latitude"] == 39.904211);
  CHECK(made["longitude"] == -116.4);
  CHECK(made["pue"] == 1.25);
  CHECK(made["green_share"] == 300);
  CHECK(made["filing_number"] == "7");
  for (const auto& [wrong, what] : std::map<std::string, std::string>{{R"("latitude":91,"longitude":0)", "latitude: must be"},
                                                                      {R"("latitude":5)", "longitude: must be declared with latitude"},
                                                                      {R"("latitude":true,"longitude":0)", "latitude: must be a number"},
                                                                      {R"("latitude":1.2345678,"longitude":0)", "at most 6 places"},
                                                                      {R"("pue":0.5)", "pue: must be"},
                                                                      {R"("green_share":1001)", "green_share: must be"},
                                                                      {R"("green_share":0.5)", "green_share: must be"},
                                                                      {R"("security_level":1.5)", "security_level: must be"}}) {
    CAPTURE(wrong);
    const auto refused = post(world.port, "/v1/sites", R"({"name":"a",)" + wrong + "}", kAdminToken);
    CHECK(refused.status == 400);
    CHECK(refused.body.find(what) != std::string::npos);
  }
}
