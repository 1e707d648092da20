// A child controller over real CURVE sockets: let in by a token for one site, it speaks for this one and no other.
#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "common/batch.hpp"
#include "common/codec.hpp"
#include "common/join_token.hpp"
#include "tests/fleet/children.hpp"
#include "tests/support/deployment.hpp"

using namespace capmap;
using capmap::support::Deployment;
using nlohmann::json;

namespace {

std::string site_id(const json& sites, const std::string& name) {
  for (const auto& site : sites["sites"]) {
    if (site["name"] == name) return site["id"];
  }
  return {};
}

struct ChildPeer {
  zmq::context_t context{1};
  zmq::socket_t dealer;
  std::uint32_t seq = 0;

  ChildPeer(const std::string& token, const CurveKeys& keys) {
    const auto parsed = parse_join_token(token);
    REQUIRE(parsed);
    auto opened = open_dealer(
        context,
        {.endpoint = tcp_endpoint(parsed->host, parsed->message_port), .server_public_key = parsed->server_public_key, .keys = keys});
    REQUIRE(opened);
    dealer = std::move(*opened);
    dealer.set(zmq::sockopt::linger, 0);
  }
  std::optional<BatchAck> say(ChildMessage message) {
    std::visit([this](auto& kind) { kind.envelope = {.run_id = 5, .seq = ++seq}; }, message);
    REQUIRE(send(dealer, encode(message)));
    const auto answer = receive(dealer, 10'000);
    if (!answer) return std::nullopt;
    const auto ack = decode_batch_ack({static_cast<const std::byte*>(answer->data()), answer->size()});
    return ack ? std::optional(*ack) : std::nullopt;
  }
};

BatchNode node(std::uint8_t number, const std::string& site) {
  BatchNode out{.id = {}, .site = *parse_id<SiteId>(site), .shape = {}, .memory_total_mib = 1'000, .pus_allowed = 4};
  out.id.bytes[0] = number;
  return out;
}

}  // namespace

TEST_CASE("child: a delegation holds over CURVE, is shown in /metrics, and survives kill -9") {
  Deployment deployment;
  deployment.start();
  REQUIRE(deployment.ctl({"sites", "add", "elsewhere", "--region", "31"}).code == 0);
  const auto made = json::parse(deployment.ctl({"--json", "token", "create", "--child-sites", "here"}).output, nullptr, false);
  REQUIRE(made.is_object());
  const std::string token = made["token"];
  const auto keys = fleet::join_all({token});
  REQUIRE(keys);
  json sites;  // a new one shows a moment after it was added
  REQUIRE(support::soon([&] {
    sites = json::parse(support::http_get(deployment.http_port, "/v1/sites"), nullptr, false);
    return sites.is_object() && !site_id(sites, "elsewhere").empty();
  }));
  const auto here = site_id(sites, "here"), elsewhere = site_id(sites, "elsewhere");

  const auto speak = [&] {
    ChildPeer child(token, keys->front());
    BatchHello hello;
    hello.nodes = {node(1, here), node(2, elsewhere), node(3, here)};
    const auto ack = child.say(hello);
    REQUIRE(ack);
    CHECK(ack->nodes == 3);
    CHECK(ack->refused_nodes == 1);
    CHECK(ack->need_shapes.size() == 1);
    BatchStates states;
    states.count = 3;
    states.full = true;
    states.liveness = BatchLiveness::kFresh;
    states.readings[0] = {11, 12, 13};
    CHECK(child.say(states));
    CHECK(support::eventually(
        [&] {
          const auto map = json::parse(support::http_get(deployment.http_port, "/v1/map?group_by=site"), nullptr, false);
          return map.is_object() && map["total"]["nodes"]["fresh"] == 2 && map["group_count"] == 1 &&
                 map["total"]["cpu"]["busy_millicores"] == 22;
        },
        std::chrono::seconds(10)));
    CHECK(support::eventually([&] { return deployment.metric("capmap_map_refused_total{reason=\"foreign_site\"}") == 1; },
                              std::chrono::seconds(10)));
  };
  speak();
  CHECK(deployment.stop(SIGKILL) == 128 + SIGKILL);
  deployment.start();
  speak();

  SECTION("its key lets no agent's message in, and its token no server") {
    ChildPeer child(token, keys->front());
    REQUIRE(send(child.dealer, encode(Bye{.envelope = {.run_id = 1, .seq = 1}, .reason = "x"})));
    CHECK_FALSE(receive(child.dealer, 500));
    CHECK(support::eventually([&] { return deployment.metric("capmap_ingest_refused_total{reason=\"malformed\"}") == 1; },
                              std::chrono::seconds(10)));
    CHECK_FALSE(fleet::join_all({token}));  // another key: the token's one use is gone
  }
}
