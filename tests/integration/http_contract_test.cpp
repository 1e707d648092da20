#include <catch2/catch.hpp>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "common/ids.hpp"
#include "controller/http/routes.hpp"
#include "tests/support/contract_access.hpp"
#include "tests/support/contract_chips.hpp"
#include "tests/support/contract_exports.hpp"
#include "tests/support/contract_joining.hpp"
#include "tests/support/contract_places.hpp"
#include "tests/support/contract_sql.hpp"
#include "tests/support/contract_streams.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/http_world.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using namespace capmap::support;

namespace {

struct Operation {
  std::set<int> codes;
  std::string schema;  ///< of its 2xx answer
};

/// What schemas/openapi.yaml promises, read line by line: paths stand at 2 blanks, methods at 4, codes at 8; schemas at 4, required at 6.
struct Contract {
  std::map<std::string, Operation> operations;  ///< "GET /v1/map"
  std::map<std::string, std::vector<std::string>> required;
};

std::string word_after(const std::string& line, const std::string& mark, const std::string& until) {
  const auto at = line.find(mark);
  if (at == std::string::npos) return {};
  const auto begin = at + mark.size();
  return line.substr(begin, line.find_first_of(until, begin) - begin);
}

Contract read_contract() {
  Contract contract;
  std::ifstream file(CAPMAP_SOURCE_DIR "/schemas/openapi.yaml");
  std::string path, operation, schema;
  for (std::string line; std::getline(file, line);) {
    const auto blanks = line.find_first_not_of(' ');
    if (blanks == std::string::npos) continue;
    const auto text = line.substr(blanks);
    if (blanks == 2 && text[0] == '/') path = text.substr(0, text.size() - 1);
    if (blanks == 4 && !path.empty() && (text == "get:" || text == "post:" || text == "delete:"))
      operation = (text == "get:" ? "GET " : text == "post:" ? "POST " : "DELETE ") + path;
    if (line == "components:") path.clear();
    if (blanks == 8 && !path.empty() && text[0] == '\'') {
      contract.operations[operation].codes.insert(std::stoi(text.substr(1, 3)));
      if (text[1] == '2')
        contract.operations[operation].schema = word_after(text, "application/json: {schema: {$ref: '#/components/schemas/", "'");
    }
    if (blanks == 4 && path.empty()) schema = text.substr(0, text.find(':'));
    if (blanks == 6 && path.empty() && text.starts_with("required: [")) {
      std::istringstream words(word_after(text, "[", "]"));
      for (std::string word; std::getline(words, word, ',');) contract.required[schema].push_back(word.substr(word.find_first_not_of(' ')));
    }
  }
  return contract;
}

using Answers = std::map<std::string, std::map<int, Reply>>;

void note(Answers& answers, const std::string& operation, const Reply& reply) {
  answers[operation][reply.status] = reply;
}

void ask_readers(Answers& answers, std::uint16_t port) {
  const std::string any = "If-None-Match: *\r\n", node = "/v1/nodes/" + to_text(node_row(1).id);
  note(answers, "GET /v1/map", get(port, "/v1/map"));
  note(answers, "GET /v1/map", get(port, "/v1/map?by=x"));
  note(answers, "GET /v1/map", get(port, "/v1/map", any));
  note(answers, "GET /v1/nodes", get(port, "/v1/nodes"));
  note(answers, "GET /v1/nodes", get(port, "/v1/nodes?limit=x"));
  note(answers, "GET /v1/nodes/{id}", get(port, node));
  note(answers, "GET /v1/nodes/{id}", get(port, "/v1/nodes/x"));
  note(answers, "GET /v1/nodes/{id}", get(port, "/v1/nodes/" + to_text(NodeId{{99}})));
  note(answers, "GET /v1/sites", get(port, "/v1/sites"));
  note(answers, "GET /v1/sites", get(port, "/v1/sites", any));
  note(answers, "GET /v1/sites", get(port, "/v1/sites", "Authorization: Bearer wrong\r\n"));
  for (const char* path : {"/v1/owners", "/v1/links", "/v1/regions"}) {
    note(answers, std::string("GET ") + path, get(port, path));
    note(answers, std::string("GET ") + path, get(port, path, any));
  }
  for (const auto& id : {to_text(node_row(1).id), to_text(NodeId{{99}}), std::string("x-1")}) {
    note(answers, "GET /v1/resolve/{id}", get(port, "/v1/resolve/" + id));
  }
  for (const char* query : {"", "?limit=x"}) note(answers, "GET /v1/absent", get(port, std::string("/v1/absent") + query));
  for (const char* query : {"", "?limit=x"}) note(answers, "GET /v1/contradictions", get(port, std::string("/v1/contradictions") + query));
  for (const std::string path : {"/v1/clones", "/v1/bulletin", "/v1/clones?x=1", "/v1/bulletin?x=1"})
    note(answers, "GET " + path.substr(0, path.find('?')), get(port, path));
  for (const auto& with : {std::string(), any}) note(answers, "GET /v1/imbalance/{name}", get(port, "/v1/imbalance/owner", with));
  note(answers, "GET /v1/imbalance/{name}", get(port, "/v1/imbalance/owner?limit=0"));
  note(answers, "GET /v1/imbalance/{name}", get(port, "/v1/imbalance/none"));
  note(answers, "GET /v1/history", get(port, "/v1/history?group_by=region_2"));
  note(answers, "GET /v1/history", get(port, "/v1/history?grain=2m"));
  ask_streams_and_texts([&answers](const std::string& operation, const Reply& reply) { note(answers, operation, reply); }, port);
  for (const char* path : {"/healthz", "/readyz", "/metrics"}) note(answers, std::string("GET ") + path, get(port, path));
}

void ask_changes(Answers& answers, std::uint16_t port) {
  const std::string json_type = "Content-Type: application/json\r\n", key = "Idempotency-Key: same\r\n";
  for (const auto& [path, member] : std::map<std::string, std::string>{{"/v1/sites", "name"}, {"/v1/tokens", "site"}}) {
    const auto body = [&member = member](const std::string& name) { return "{\"" + member + "\":\"" + name + "\"}"; };
    const std::string operation = "POST " + path;
    for (const char* name : {"fine", "broken", "full", "exists", "absent"}) {
      if (path == "/v1/sites" && name == std::string("absent")) continue;
      if (path == "/v1/tokens" && name == std::string("exists")) continue;
      note(answers, operation, post(port, path, body(name), kAdminToken));
    }
    note(answers, operation, post(port, path, "{", kAdminToken));
    note(answers, operation, post(port, path, body("a"), kAdminToken, "Idempotency-Key: " + member + "\r\n"));
    note(answers, operation, post(port, path, body("b"), kAdminToken, "Idempotency-Key: " + member + "\r\n"));
    note(answers, operation, post(port, path, body("a"), "wrong"));
    note(answers, operation, post(port, path, std::string(70'000, ' '), kAdminToken));
    note(answers, operation, request(port, "POST", path, std::string("Authorization: Bearer ") + kAdminToken + "\r\n", body("a")));
  }
}

void ask_benchmark(Answers& answers, std::uint16_t port) {
  const std::string operation = "POST /v1/nodes/{id}/benchmark";
  const auto path = [](const std::string& id) { return "/v1/nodes/" + id + "/benchmark"; };
  const std::string node = path(to_text(node_row(1).id)), key = "Idempotency-Key: benchmark\r\n";
  note(answers, operation, post(port, node, R"({"seconds":5})", kAdminToken, key));
  note(answers, operation, post(port, node, R"({"seconds":6})", kAdminToken, key));
  note(answers, operation, post(port, node, R"({"seconds":0})", kAdminToken));
  note(answers, operation, post(port, path(to_text(NodeId{{99}})), "{}", kAdminToken));
  note(answers, operation, post(port, node, "{}", "wrong"));
  note(answers, operation, post(port, node, std::string(70'000, ' '), kAdminToken));
  note(answers, operation, request(port, "POST", node, std::string("Authorization: Bearer ") + kAdminToken + "\r\n", "{}"));
}

void ask_node_changes(Answers& answers, std::uint16_t port) {
  const std::string bearer = std::string("Authorization: Bearer ") + kAdminToken + "\r\n";
  const auto node = [](const char* end) { return "/v1/nodes/" + to_text(node_row(1).id) + end; };
  const auto stranger = [](const char* end) { return "/v1/nodes/" + to_text(NodeId{{99}}) + end; };
  const std::map<std::string, std::pair<std::string, std::string>> posts = {
      {"/service", {R"({"state":"draining","reason":"disk","until":"2100-01-01T00:00:00Z"})", R"({"state":"gone"})"}},
      {"/pool", {R"({"pool":"batch"})", R"({"pool":1})"}}};
  for (const auto& [end, bodies] : posts) {
    const std::string operation = "POST /v1/nodes/{id}" + end;
    note(answers, operation, post(port, node(end.c_str()), bodies.first, kAdminToken));
    note(answers, operation, post(port, node(end.c_str()), bodies.second, kAdminToken));
    note(answers, operation, post(port, stranger(end.c_str()), bodies.first, kAdminToken));
    note(answers, operation, post(port, node(end.c_str()), bodies.first, "wrong"));
  }
  for (const char* body : {R"({"keep":"0123456789abcdef"})", R"({"revoke":true})", R"({"keep":"7"})"}) {
    note(answers, "POST /v1/clones/{id}", post(port, "/v1/clones/" + to_text(node_row(1).id), body, kAdminToken));
  }
  note(answers, "POST /v1/clones/{id}", post(port, "/v1/clones/" + to_text(NodeId{{99}}), R"({"revoke":true})", kAdminToken));
  note(answers, "POST /v1/clones/{id}", post(port, "/v1/clones/" + to_text(NodeId{{99}}), R"({"revoke":true})", "wrong"));
  note(answers, "DELETE /v1/nodes/{id}", request(port, "DELETE", node(""), bearer));
  note(answers, "DELETE /v1/nodes/{id}", request(port, "DELETE", "/v1/nodes/x", bearer));
  note(answers, "DELETE /v1/nodes/{id}", request(port, "DELETE", stranger(""), bearer));
  note(answers, "DELETE /v1/nodes/{id}", request(port, "DELETE", node("")));
  for (const char* query : {"", "?since=abcdef-0", "?since=1-1&limit=5", "?since=x"}) {
    note(answers, "GET /v1/changes", get(port, std::string("/v1/changes") + query));
  }
  for (const char* query : {"", "?limit=5&cursor=1.a:/b", "?cursor=x", "?cursor=guest.1.x"}) {
    note(answers, "GET /v1/shared", get(port, std::string("/v1/shared") + query));
  }
  ask_places([&answers](const std::string& operation, const Reply& reply) { note(answers, operation, reply); }, port);
}

/// Of the past: a world that begins its history now.
void ask_past(Answers& answers) {
  const TemporaryFolder folder;
  HttpWorld world(kAdminToken, "127.0.0.1", folder.path());
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto known = [&world] {
    world.clock.advance_ms(1'000);
    return !body_of(get(world.port, "/v1/history/spans"))["spans"].empty();
  };
  REQUIRE(soon(known));
  note(answers, "GET /v1/history/spans", get(world.port, "/v1/history/spans"));
  for (const char* query : {"", "?from=x", "?node=n-x"}) {
    note(answers, "GET /v1/history/events", get(world.port, std::string("/v1/history/events") + query));
  }
  for (const char* query : {"?at=2001-01-01T00:00:00Z", "?at=2001-01-01T00:00:00Z&by=os", "?at=2300-01-01T00:00:00Z", "?chips=7"}) {
    note(answers, "GET /v1/map", get(world.port, std::string("/v1/map") + query));
  }
}

void ask_region_import(Answers& answers, std::uint16_t port) {
  const std::string operation = "POST /v1/regions", fine = R"({"year":2024,"regions":[{"code":"1101","name":"a"}],"dry_run":true})";
  note(answers, operation, post(port, "/v1/regions", fine, kAdminToken));
  note(answers, operation, post(port, "/v1/regions", R"({"year":2024})", kAdminToken));
  note(answers, operation, post(port, "/v1/regions", fine, "wrong"));
  note(answers, operation, post(port, "/v1/regions", std::string(1'100'000, ' '), kAdminToken));
  note(answers, operation, request(port, "POST", "/v1/regions", std::string("Authorization: Bearer ") + kAdminToken + "\r\n", fine));
}

void ask_import(Answers& answers, std::uint16_t port) {
  for (const char* body : {R"({"sites":[{"name":"a"}],"dry_run":true})", R"({"expect":"d2"})", R"({"sites":{}})"}) {
    note(answers, "POST /v1/import", post(port, "/v1/import", body, kAdminToken));
  }
  note(answers, "POST /v1/import", post(port, "/v1/import", "{}", "wrong"));
  note(answers, "POST /v1/import",
       request(port, "POST", "/v1/import", "Authorization: Bearer " + std::string(kAdminToken) + "\r\nContent-Length: 33554433\r\n"));
}

/// What comes when the other threads do not answer in time.
void ask_late(Answers& answers, HttpWorld& world) {
  world.map_silent = true;
  const auto queries = world.queries.load(), changes = world.changes.load();
  auto nodes = std::async([&world] { return get(world.port, "/v1/nodes"); });
  auto history = std::async([&world] { return get(world.port, "/v1/history"); });
  auto map = std::async([&world] { return get(world.port, "/v1/map?by=os"); });
  auto resolved = std::async([&world] { return get(world.port, "/v1/resolve/" + to_text(node_row(1).id)); });
  auto absent = std::async([&world] { return get(world.port, "/v1/absent"); });
  auto contradictions = std::async([&world] { return get(world.port, "/v1/contradictions"); });
  auto targets = std::async([&world] { return get(world.port, "/v1/sd/prometheus"); });
  std::map<std::string, std::future<Reply>> lists;
  for (const std::string path : {"/v1/nodes/versions", "/v1/nodes/flapping", "/v1/nodes/lost-updates", "/v1/nodes/skew"}) {
    lists["GET " + path] = std::async([&world, path] { return get(world.port, path); });
  }
  auto node = std::async([&world] { return get(world.port, "/v1/nodes/" + to_text(node_row(1).id)); });
  auto site = std::async([&world] { return post(world.port, "/v1/sites", R"({"name":"late"})", kAdminToken); });
  auto token = std::async([&world] { return post(world.port, "/v1/tokens", R"({"site":"late"})", kAdminToken); });
  auto benchmark =
      std::async([&world] { return post(world.port, "/v1/nodes/" + to_text(node_row(1).id) + "/benchmark", "{}", kAdminToken); });
  while (world.queries < queries + 13 || world.changes < changes + 2) std::this_thread::yield();
  world.clock.advance_ms(6'000);
  for (auto& [operation, reply] : lists) note(answers, operation, reply.get());
  note(answers, "GET /v1/map", map.get());
  note(answers, "GET /v1/history", history.get());
  note(answers, "GET /v1/nodes", nodes.get());
  note(answers, "GET /v1/absent", absent.get());
  note(answers, "GET /v1/contradictions", contradictions.get());
  note(answers, "GET /v1/sd/prometheus", targets.get());
  note(answers, "GET /v1/resolve/{id}", resolved.get());
  note(answers, "GET /v1/nodes/{id}", node.get());
  note(answers, "POST /v1/nodes/{id}/benchmark", benchmark.get());
  note(answers, "POST /v1/sites", site.get());
  note(answers, "POST /v1/tokens", token.get());
  world.clock.advance_ms(200'000);
  note(answers, "GET /healthz", get(world.port, "/healthz"));
}

Answers ask_everything() {
  Answers answers;
  const auto told = [&answers](const std::string& operation, const Reply& reply) { note(answers, operation, reply); };
  ask_past(answers);
  {
    HttpWorld world;
    world.view.publish(small_view(world.clock.boot_ms()));
    ask_readers(answers, world.port);
    ask_changes(answers, world.port);
    ask_benchmark(answers, world.port);
    ask_node_changes(answers, world.port);
    ask_region_import(answers, world.port);
    ask_exports(world, [&answers](const std::string& operation, const Reply& reply) { note(answers, operation, reply); });
    ask_import(answers, world.port);
    ask_joining_and_keys(told, world.port, kAdminToken);
    ask_orders(told, world.port, kAdminToken);
    ask_chips(told, world.port, kAdminToken);
    ask_sql(told, world.port);
    ask_doubles(world, told);
    ask_access(world, told);
    ask_late(answers, world);
  }
  ask_without_chips([&answers](const std::string& operation, const Reply& reply) { note(answers, operation, reply); });
  HttpWorld bare("");  // no map yet, no admin token
  for (const char* path : {"/v1/history/spans", "/v1/history/events"}) note(answers, std::string("GET ") + path, get(bare.port, path));
  for (const char* path : {"/v1/map", "/v1/nodes", "/v1/sd/prometheus", "/v1/sites", "/v1/history", "/v1/events", "/readyz"}) {
    note(answers, std::string("GET ") + path, get(bare.port, path));
  }
  note(answers, "GET /v1/nodes/{id}", get(bare.port, "/v1/nodes/" + to_text(node_row(1).id)));
  for (const char* path : {"/v1/sites", "/v1/tokens"}) note(answers, std::string("POST ") + path, post(bare.port, path, "{}", "any"));
  note(answers, "POST /v1/sql", request(bare.port, "POST", "/v1/sql", "Content-Type: application/json\r\n", "{}"));
  note(answers, "POST /v1/nodes/{id}/benchmark", post(bare.port, "/v1/nodes/" + to_text(node_row(1).id) + "/benchmark", "{}", "any"));
  return answers;
}

}  // namespace

TEST_CASE("http contract: the yaml names every route there is and no other") {
  const auto contract = read_contract();
  std::set<std::string> promised, served;
  for (const auto& [operation, details] : contract.operations) promised.insert(operation);
  for (const auto& route : routes()) served.insert(std::string(route.method) + " " + route.path);
  CHECK(promised == served);
}

TEST_CASE("http contract: each operation gives every code the yaml names and no other") {
  const auto contract = read_contract();
  REQUIRE(contract.operations.size() == 83);
  const auto answers = ask_everything();
  for (const auto& [operation, details] : contract.operations) {
    INFO(operation);
    std::set<int> seen;
    for (const auto& [status, reply] : answers.at(operation)) seen.insert(status);
    CHECK(seen == details.codes);
  }
}

TEST_CASE("http contract: answers have what their schema requires, and problems what RFC 9457 wants") {
  const auto contract = read_contract();
  REQUIRE(contract.required.at("Problem").size() == 4);
  std::size_t checked = 0;
  for (const auto& [operation, replies] : ask_everything()) {
    for (const auto& [status, reply] : replies) {
      INFO(operation << " " << status << " " << reply.body.substr(0, 300));
      const auto schema = status >= 400 ? "Problem" : contract.operations.at(operation).schema;
      if (status == 304 || schema.empty()) continue;
      const auto body = nlohmann::json::parse(reply.body, nullptr, false);
      REQUIRE(body.is_object());
      for (const auto& name : contract.required.at(schema)) CHECK(body.contains(name));
      CHECK(reply.headers.at("Content-Type") == (status >= 400 ? "application/problem+json" : "application/json"));
      CHECK((status == 401) == reply.headers.contains("WWW-Authenticate"));
      ++checked;
    }
  }
  CHECK(checked > 30);
}

TEST_CASE("http contract: groups and nodes inside answers have what their schema requires") {
  const auto contract = read_contract();
  HttpWorld world;
  world.view.publish(small_view(world.clock.boot_ms()));
  const auto map = nlohmann::json::parse(get(world.port, "/v1/map?by=site").body);
  const auto nodes = nlohmann::json::parse(get(world.port, "/v1/nodes").body);
  const auto sites = nlohmann::json::parse(get(world.port, "/v1/sites").body);
  for (const auto& name : contract.required.at("Group")) {
    CHECK(map["total"].contains(name));
    CHECK(map["groups"][0].contains(name));
  }
  const auto imbalance = nlohmann::json::parse(get(world.port, "/v1/imbalance/class").body);
  for (const auto& name : contract.required.at("ImbalanceRow")) {
    CHECK(imbalance["total"].contains(name));
    CHECK(imbalance["rows"][0].contains(name));
  }
  for (const auto& name : contract.required.at("NodeSummary")) CHECK(nodes["nodes"][0].contains(name));
  for (const auto& name : contract.required.at("Site")) CHECK(sites["sites"][0].contains(name));
}
