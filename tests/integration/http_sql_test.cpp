// SQL as it comes over HTTP and from capmapctl: answers, refusals, scopes, and statements that never end.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <future>
#include <iostream>
#include <sstream>
#include <vector>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/sql.hpp"
#include "tests/support/deployment.hpp"
#include "tests/support/scoped_world.hpp"
#include "tests/support/small_view.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;
using json = nlohmann::json;

namespace {

const std::string kJson = "Content-Type: application/json\r\n";

Reply ask(std::uint16_t port, const json& body, const std::string& headers = {}) {
  return request(port, "POST", "/v1/sql", kJson + headers, body.dump());
}

json rows(std::uint16_t port, const std::string& sql, const std::string& headers = {}) {
  const auto reply = ask(port, {{"sql", sql}}, headers);
  INFO(sql << ": " << reply.body);
  REQUIRE(reply.status == 200);
  return body_of(reply)["rows"];
}

struct World {
  HttpWorld http;
  World() { http.view.publish(small_view(http.clock.boot_ms())); }
};

}  // namespace

TEST_CASE("sql over http: a statement is answered with its moment, as JSON or as CSV") {
  World world;
  const auto reply = ask(world.http.port, {{"sql", "select hostname, cores from nodes order by hostname"}, {"rows", 2}});
  REQUIRE(reply.status == 200);
  const auto answer = body_of(reply);
  CHECK(answer["columns"] == json{"hostname", "cores"});
  CHECK(answer["rows"] == json::parse("[[\"node-0\uFFFD\",48],[\"node-1\uFFFD\",48]]"));
  CHECK(answer["truncated"] == true);
  CHECK(answer["revision"] == 41);
  CHECK(answer["read"] == json{"nodes"});
  CHECK(answer["read_row_by_row"] == json{"nodes"});
  CHECK(rows(world.http.port, "select count(*) from nodes") == json::parse("[[10]]"));
  CHECK(rows(world.http.port, "select count(*) from nodes where liveness = 'fresh'") == json::parse("[[5]]"));
  CHECK(rows(world.http.port, "select sum(nodes), sum(cpu_busy_millicores) from cells where available") == json::parse("[[4.0,30000.0]]"));
  const auto csv = ask(world.http.port, {{"sql", "select name, declared_nodes from sites order by 2"}}, "Accept: text/csv\r\n");
  CHECK(csv.headers.at("Content-Type") == "text/csv; charset=utf-8; header=present");
  CHECK(csv.headers.at("X-Capmap-Truncated") == "false");
  CHECK(csv.body == "name,declared_nodes\r\nbare,\r\n\"北京 \"\"one\"\"\",5\r\n");
}

TEST_CASE("sql over http: refusals are problems with their place, and what would have been understood") {
  World world;
  const auto bad = ask(world.http.port, {{"sql", "select 1,\n  hostnam from nodes"}});
  CHECK(bad.status == 400);
  CHECK(bad.headers.at("Content-Type") == "application/problem+json");
  const auto problem = body_of(bad);
  CHECK(problem["type"] == "urn:capmap:problem:bad-sql");
  CHECK(problem["line"] == 2);
  CHECK(problem["column"] == 3);
  CHECK(problem["near"] == "hostnam from nodes");
  CHECK(problem["known"].dump().find("\"hostname\"") != std::string::npos);
  const auto refused = ask(world.http.port, {{"sql", "attach '/etc/passwd' as p"}});
  CHECK(refused.status == 422);
  CHECK(body_of(refused)["type"] == "urn:capmap:problem:refused-sql");
  const auto limit = ask(world.http.port, {{"sql", "select hex(printf('%.40000c', 'a'))"}});
  CHECK(limit.status == 422);
  CHECK(body_of(limit)["limit"] == "size");
  for (const char* body :
       {R"({"sql":1})", R"({})", R"({"sql":"select 1","rows":0})", R"({"sql":"select 1","ms":10001})", R"({"sq":"x"})"}) {
    CHECK(request(world.http.port, "POST", "/v1/sql", kJson, body).status == 400);
  }
}

TEST_CASE("sql over http: a table that comes with a statement is joined, typed as it is written, and gone with it") {
  World world;
  const std::string csv = "model,price,code\nExample NPU,2.5,007\n\"other, one\",,8\n";
  const auto joined = ask(world.http.port, {{"sql",
                                             "select p.model, sum(c.accelerators) * p.price, p.code, typeof(price) from prices p "
                                             "left join cells c on c.accelerator_model = p.model and c.available group by 1 order by 1"},
                                            {"tables", {{"prices", csv}}}});
  INFO(joined.body);
  REQUIRE(joined.status == 200);
  CHECK(body_of(joined)["rows"] == json::parse(R"([["Example NPU",60.0,"007","real"],["other, one",null,8,"null"]])"));
  CHECK(ask(world.http.port, {{"sql", "select * from prices"}}).status == 400);
  for (const auto& [name, text] : std::map<std::string, std::string>{{"nodes", "a\n1\n"},
                                                                     {"sqlite_x", "a\n1\n"},
                                                                     {"A B", "a\n1\n"},
                                                                     {"t", "a,a\n1,2\n"},
                                                                     {"w", "a,A\n1,2\n"},
                                                                     {"u", "a\n1,2\n"},
                                                                     {"v", ""}}) {
    const auto wrong = ask(world.http.port, {{"sql", "select 1"}, {"tables", {{name, text}}}});
    INFO(name << ": " << wrong.body);
    CHECK(wrong.status == 400);
    CHECK(body_of(wrong)["type"] == "urn:capmap:problem:bad-table");
  }
  const std::string large = "a\n" + std::string(70'000, '1');
  CHECK(ask(world.http.port, {{"sql", "select 1"}, {"tables", {{"t", large}}}}).status == 413);  // nobody in particular
  std::string many = "a\n";
  for (int i = 0; i < 20'000; ++i) many += "12345\n";
  const auto own = ask(world.http.port, {{"sql", "select count(*) from t"}, {"tables", {{"t", many}}}},
                       std::string("Authorization: Bearer ") + kAdminToken + "\r\n");
  CHECK(body_of(own)["rows"] == json::parse("[[20000]]"));
}

TEST_CASE("sql over http: who has a scope sees its rows alone, and is told so") {
  ScopedWorld world(*make_scope({}, {SiteId{{2}}}));
  const std::string li = "Authorization: Bearer t\r\n";
  CHECK(rows(world.http.port, "select name from sites", li) == json::parse(R"([["bare"]])"));
  CHECK(rows(world.http.port, "select sum(nodes) from cells", li) == json::parse("[[1.0]]"));
  CHECK(rows(world.http.port, "select count(*) from nodes", li) == json::parse("[[0]]"));  // all ten stand at the other site
  CHECK(rows(world.http.port, "select count(*) from shared", li) == json::parse("[[0]]"));
  CHECK(body_of(ask(world.http.port, {{"sql", "select 1"}}, li))["scope"].get<std::string>().starts_with("site s-"));
  const auto escape = [&](const std::string& sql) {
    const auto reply = ask(world.http.port, {{"sql", sql}}, li);
    INFO(sql << ": " << reply.body);
    CHECK((reply.status >= 400 || body_of(reply)["rows"].dump().find("北京") == std::string::npos));
    CHECK((reply.status >= 400 || body_of(reply)["rows"].dump().find("node-") == std::string::npos));
  };
  const auto other = to_text(SiteId{{1}}), node = to_text(node_row(2).id);
  for (const std::string& sql :
       {"select hostname from nodes where site = '" + other + "'", "select hostname from nodes where id = '" + node + "'",
        "select * from nodes where id = '" + node + "' or 1", std::string("select * from nodes, sites"),
        "select * from devices where node = '" + node + "'", "select * from cells where site = '" + other + "' or site is not null",
        std::string("select name from sites union all select site_name from cells union all select site_name from nodes"),
        std::string("with recursive a(i) as (select 1 union all select i + 1 from a where i < 9) select * from a, nodes"),
        std::string("select (select group_concat(site_name) from cells)"), std::string("select * from main.sites"),
        std::string("select * from sites where rowid = 0 or rowid = 1 or rowid = 2"), std::string("select * from events"),
        std::string("select * from sites('x')"), std::string("select group_concat(name) from regions"),
        std::string("select * from nodes where region = '110108'"), std::string("select * from shared where site_name like '%'")}) {
    escape(sql);
  }
  CHECK(rows(world.http.port, "select count(*) from hardware", li) == json::parse("[[1]]"));
  world.give(*make_scope({"11"}, {}));
  CHECK(rows(world.http.port, "select count(*) from nodes", li) == json::parse("[[10]]"));
  CHECK(rows(world.http.port, "select count(*) from sites", li) == json::parse("[[1]]"));
}

TEST_CASE("sql over http: statements that never end are ended while /healthz answers and heartbeats are taken") {
  Deployment deployment({}, {"--interval-ms", "500"});
  deployment.start();
  const TemporaryFolder folder;
  const std::string state = folder.path() + "/agent";
  REQUIRE(run({"capmap-agent", "join", deployment.token(1), "--state", state}).code == 0);
  Program agent({"capmap-agent", "--state", state});
  const auto port = static_cast<std::uint16_t>(deployment.http_port);
  const std::string own = "select max(revision), sum(available) from nodes";
  const auto alive = [&] { return rows(port, own)[0][1].is_number() && rows(port, own)[0][1] == 1.0; };
  REQUIRE(eventually(alive, std::chrono::seconds(60)));
  const auto applied = [&] { return deployment.metric("capmap_map_applied_total"); };
  const auto before = applied();
  const json endless = {{"sql", "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"}, {"ms", 5'000}};
  auto one = std::async(std::launch::async, [&] { return ask(port, endless); });
  auto other = std::async(std::launch::async, [&] { return ask(port, endless); });
  std::size_t answered = 0;
  while (one.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
    REQUIRE(get(port, "/healthz").status == 200);
    ++answered;
  }
  CHECK(answered >= 2);
  CHECK(applied() > before);
  for (auto* end : {&one, &other}) {
    const auto reply = end->get();
    CHECK(reply.status == 422);
    CHECK(body_of(reply)["limit"] == "time");
  }
  CHECK(alive());
}

TEST_CASE("capmapctl sql: a table, JSON or CSV; mistakes show their place; lines with a dot tell what there is") {
  World world;
  const auto ctl = [&world](std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), {"--url", "http://127.0.0.1:" + std::to_string(world.http.port), "--state", "/nonexistent"});
    std::ostringstream out, err;
    std::istringstream in(input);
    auto* const before = std::cin.rdbuf(in.rdbuf());
    const auto code = run_ctl(arguments, "1.2.3", out, err);
    std::cin.rdbuf(before);
    std::cin.clear();
    return std::tuple{code, out.str(), err.str()};
  };
  const std::string sql = "select liveness, count(*) as nodes from nodes group by 1 order by 1";
  const auto [code, out, err] = ctl({"sql", sql});
  INFO(err);
  CHECK(code == CtlExit::kDone);
  CHECK(out == "liveness  nodes\nfresh         5\nlost          5\n2 rows; nodes was read row by row, while the map went on\n");
  CHECK(std::get<1>(ctl({"sql", "--csv", sql})) == "liveness,nodes\r\nfresh,5\r\nlost,5\r\n");
  CHECK(json::parse(std::get<1>(ctl({"--json", "sql", sql})))["row_count"] == 2);
  const auto [cut_code, cut_out, cut_err] = ctl({"sql", "--csv", "--rows", "1", sql});
  CHECK(cut_code == CtlExit::kFailed);
  CHECK_THAT(cut_err, Contains("first 1 rows"));
  const auto [bad_code, bad_out, bad_err] = ctl({"sql", "select 1,\n  nonsense from sites"});
  CHECK(bad_code == CtlExit::kFailed);
  CHECK_THAT(bad_err, Contains("no such column: nonsense") && Contains("line 2:   nonsense from sites") && Contains("          ^"));
  CHECK_THAT(std::get<1>(ctl({"sql", ".tables"})), Contains("devices") && Contains("row by row"));
  CHECK_THAT(std::get<1>(ctl({"sql", ".schema pools"})), Contains("compute_class") && !Contains("hostname"));
  CHECK(std::get<0>(ctl({"sql", ".schema none"})) == CtlExit::kNotFound);
  CHECK_THAT(std::get<1>(ctl({"sql", "--examples"})), Contains("select region_2"));
  const auto from_input = std::get<1>(ctl({"sql", "--csv"}, "select 1\n  as a;\n.tables\nselect 2 as b"));
  CHECK_THAT(from_input, Contains("a\r\n1\r\n") && Contains("cells") && Contains("b\r\n2\r\n"));
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/p.csv") << "\xEF\xBB\xBFname,what\nbare,x\n";
  CHECK(std::get<1>(ctl({"sql", "--csv", "--attach-csv", "p=" + folder.path() + "/p.csv", "select what from sites join p using (name)"})) ==
        "what\r\nx\r\n");
  CHECK(std::get<0>(ctl({"sql", "--attach-csv", "p", "select 1"})) == CtlExit::kFailed);
  CHECK(std::get<0>(ctl({"sql", "--attach-csv", "p=/nonexistent", "select 1"})) == CtlExit::kNotFound);
}
