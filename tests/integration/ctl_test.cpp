#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "common/ids.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/ctl/history.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"
#include "tests/support/http_world.hpp"

using namespace capmap;
using namespace capmap::support;
using Catch::Contains;

namespace {

struct Said {
  CtlExit code;
  std::string out, err;
};

Said say(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  const CtlExit code = run_ctl(arguments, "1.2.3", out, err);
  return {code, out.str(), err.str()};
}

/// A folder that is gone with the test.
class Folder {
 public:
  Folder() {
    std::string name = "/tmp/capmapctl-test.XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    for (const char* file : {"/token", "/state/server.key", "/state/admin.token", "/state/store.db", "/state/store.db-wal",
                             "/state/store.db-shm", "/state/tls.crt", "/state/tls.key"})
      unlink((path + file).c_str());
    rmdir((path + "/state").c_str());
    rmdir(path.c_str());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

/// capmapctl against the real http thread, with an admin token in a file.
struct World {
  HttpWorld http;
  Folder folder;

  World() {
    http.view.publish(small_view(http.clock.boot_ms()));
    write_token(kAdminToken);
  }
  void write_token(const std::string& token) const { std::ofstream(folder.path + "/token") << token << "\n"; }
  [[nodiscard]] Said ctl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--url", "http://127.0.0.1:" + std::to_string(http.port), "--token-file", folder.path + "/token"});
    return say(arguments);
  }
};

/// Listens on loopback; the one connection it takes is answered with fixed bytes, or never when they are empty.
class FixedServer {
 public:
  explicit FixedServer(std::string answer) : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&where), size) == 0);
    REQUIRE(listen(listener_, 4) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size) == 0);
    url = "http://127.0.0.1:" + std::to_string(ntohs(where.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~FixedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  FixedServer(const FixedServer&) = delete;
  FixedServer& operator=(const FixedServer&) = delete;
  std::string url;

 private:
  void serve() {
    const int peer = accept(listener_, nullptr, nullptr);
    if (peer < 0) return;
    char request[4096];
    ssize_t got = recv(peer, request, sizeof request, 0);
    if (!answer_.empty() && got > 0) send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    while (answer_.empty() && got > 0) got = recv(peer, request, sizeof request, 0);
    close(peer);
  }
  std::string answer_;
  int listener_;
  std::thread thread_;
};

std::string http_answer(const std::string& head, const std::string& body) {
  return "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("the map of a real controller is shown in full, as text and as JSON") {
  World world;
  const Said text = world.ctl({"map"});
  INFO(text.out << text.err);
  REQUIRE(text.code == CtlExit::kDone);
  CHECK_THAT(text.out, Contains("revision 41") && Contains("chip table 7") && Contains("Example NPU") && Contains("not in the chip table"));

  const Said json = world.ctl({"map", "--json"});
  REQUIRE(json.code == CtlExit::kDone);
  const auto answer = ApiJson::parse(json.out);
  CHECK(answer["total"]["nodes"]["installed"] == 5);
  CHECK(answer["revision"] == 41);
}

TEST_CASE("groups of a real controller fit in 100 columns, Chinese names aligned") {
  World world;
  const Said text = world.ctl({"map", "--by", "site,cpu_model"});
  INFO(text.out << text.err);
  REQUIRE(text.code == CtlExit::kDone);
  CHECK_THAT(text.out, Contains("北京 \"one\"") && Contains("bare"));
  std::istringstream lines(text.out);
  for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= TextTable::kMaxWidth);
}

TEST_CASE("a map of more groups than one page holds is read to the end") {
  World world;
  auto view = small_view(world.http.clock.boot_ms());
  for (std::uint32_t i = 3; i < 2'503; ++i) {
    auto site = std::make_shared<Site>();
    site->id.bytes[2] = 1;
    site->name = "site-" + std::to_string(i);
    view->sites.push_back(site);
    Cell cell;
    cell.key = {.site = i, .hardware = 1, .liveness = Liveness::kFresh};
    cell.nodes = 1;
    view->cells.push_back(cell);
  }
  world.http.view.publish(view);
  const Said json = world.ctl({"map", "--by", "site", "--json"});
  REQUIRE(json.code == CtlExit::kDone);
  const auto answer = ApiJson::parse(json.out);
  CHECK(answer["groups"].size() == 2'502);
  CHECK(answer["next"].is_null());
}

TEST_CASE("nodes are listed over pages and chunks, filtered, and cut off at the limit with a word about it") {
  World world;
  const auto all = ApiJson::parse(world.ctl({"nodes", "--json"}).out);
  CHECK(all["nodes"].size() == 10);
  const Said lost = world.ctl({"nodes", "--liveness", "lost"});
  CHECK_THAT(lost.out, Contains("5 nodes\n") && !Contains("fresh"));
  const Said some = world.ctl({"nodes", "--limit", "3"});
  CHECK_THAT(some.out, Contains("3 nodes shown, there are more"));
  const Said gone = world.ctl({"nodes", "--filter", "liveness = lost", "--limit", "2", "--json"});
  REQUIRE(gone.code == CtlExit::kDone);
  const auto nodes_lost = ApiJson::parse(gone.out);
  for (const auto& node : nodes_lost["nodes"]) CHECK(node["liveness"] == "lost");
  CHECK(ApiJson::parse(gone.out)["nodes"].size() == 2);
  const Said both = world.ctl({"nodes", "--filter", "liveness = lost", "--liveness", "fresh"});
  CHECK_THAT(both.out, Contains("0 nodes\n"));
  const Said wrong = world.ctl({"nodes", "--filter", "liveness like lost"});
  CHECK(wrong.code == CtlExit::kFailed);
  CHECK_THAT(wrong.err, Contains("at 10: expected"));
  const Said nowhere = world.ctl({"nodes", "--site", "nowhere"});
  CHECK(nowhere.code == CtlExit::kFailed);
  CHECK_THAT(nowhere.err, Contains("nowhere"));
}

TEST_CASE("a node is found by its id and by its host name, and one that is not there is said to be absent") {
  World world;
  const std::string id = to_text(node_row(3).id);
  const Said by_id = world.ctl({"nodes", "show", id});
  REQUIRE(by_id.code == CtlExit::kDone);
  CHECK_THAT(by_id.out, Contains(id) && Contains("Example 9000") && Contains("0000:17:00.0") && Contains("sda: no size"));
  const Said by_name = world.ctl({"nodes", "show", "node-3\ufffd", "--json"});
  REQUIRE(by_name.code == CtlExit::kDone);
  CHECK(ApiJson::parse(by_name.out)["id"] == id);
  CHECK(world.ctl({"nodes", "show", "nobody"}).code == CtlExit::kNotFound);
  CHECK(world.ctl({"nodes", "show", to_text(node_row(99).id)}).code == CtlExit::kNotFound);
}

TEST_CASE("a token and a site are made with the admin token, and refused without the right one") {
  World world;
  const Said quiet = world.ctl({"token", "create", "--site", "bare", "--uses", "5", "--expires", "7d", "--quiet"});
  CHECK(quiet.code == CtlExit::kDone);
  CHECK(quiet.out == "cmt1.secret\n");
  const auto token = ApiJson::parse(world.ctl({"token", "create", "--site", "bare", "--uses", "5", "--json"}).out);
  CHECK(token["uses"] == 5);
  const Said added = world.ctl({"sites", "add", "shanghai", "--region", "31", "--owner-class", "private", "--security-level", "3"});
  CHECK(added.code == CtlExit::kDone);
  CHECK_THAT(added.out, Contains("site shanghai added (s-"));
  CHECK(world.ctl({"sites", "add", "exists"}).code == CtlExit::kFailed);
  CHECK(world.ctl({"token", "create", "--site", "broken"}).code == CtlExit::kUnreachable);
  const Said absent = world.ctl({"token", "create", "--site", "absent"});
  CHECK(absent.code != CtlExit::kDone);
  CHECK_THAT(absent.err, Contains("no such site"));

  world.write_token("another token");
  CHECK(world.ctl({"token", "create", "--site", "bare"}).code == CtlExit::kRefused);
  unlink((world.folder.path + "/token").c_str());
  CHECK(world.ctl({"token", "create", "--site", "bare"}).code == CtlExit::kNotFound);
}

TEST_CASE("sites are listed, and the state of the controller told") {
  World world;
  CHECK_THAT(world.ctl({"sites", "list"}).out, Contains("北京 \"one\"  110108") && Contains("bare"));
  CHECK_THAT(world.ctl({"status"}).out, Contains("is ready: " + to_text(kOwnController) + "\n"));
  auto view = small_view(world.http.clock.boot_ms());
  view->resync_over = false;
  view->resyncing_nodes = 2;
  world.http.view.publish(view);
  const Said waiting = world.ctl({"status"});
  CHECK(waiting.code == CtlExit::kUnreachable);
  CHECK_THAT(waiting.err, Contains("up but not ready") && Contains("3 of 5 known nodes"));
  CHECK_THAT(world.ctl({"map"}).out, Catch::StartsWith("resyncing: 3 of 5 known nodes\n"));
}

TEST_CASE("reports of a real controller: imbalances as text, JSON and CSV, absent nodes, and what an id names") {
  World world;
  const Said text = world.ctl({"imbalance", "class"});
  INFO(text.out << text.err);
  REQUIRE(text.code == CtlExit::kDone);
  CHECK_THAT(text.out, Contains("Example NPU") && Contains("left out:") && Contains("nodes lost 1"));
  CHECK(ApiJson::parse(world.ctl({"imbalance", "use", "--json"}).out)["rows"].size() == 2);
  const auto table = world.ctl({"imbalance", "use", "--csv", "--filter", "region_2 = 11"}).out;
  CHECK_THAT(table, Catch::StartsWith("imbalance,at,revision,catalog,region_2,nodes_installed,") && Contains("\r\nuse,"));
  CHECK(std::ranges::count(table, '\n') == 2);
  CHECK(world.ctl({"imbalance", "use", "--csv", "--json"}).code == CtlExit::kUsage);
  CHECK(world.ctl({"imbalance", "owners"}).code == CtlExit::kUsage);
  CHECK(world.ctl({"imbalance", "owner", "--csv", "--filter", "("}).code == CtlExit::kFailed);

  const Said absent = world.ctl({"nodes", "absent", "--limit", "3"});
  CHECK_THAT(absent.out, Contains("3 nodes absent; shown are some") && Contains("node-1") && Contains("5          4"));
  CHECK(ApiJson::parse(world.ctl({"nodes", "absent", "--json"}).out)["nodes"].size() == 5);
  CHECK(world.ctl({"nodes", "absent", "--liveness", "fresh"}).code == CtlExit::kUsage);

  const Said named = world.ctl({"resolve", to_text(node_row(2).id)});
  CHECK_THAT(named.out, Contains("kind               node") && Contains("owner              " + to_text(kOwnController)));
  CHECK(world.ctl({"resolve", to_text(NodeId{{99}})}).code == CtlExit::kNotFound);
  CHECK(world.ctl({"resolve", "n-x"}).code == CtlExit::kFailed);
}

TEST_CASE("init makes a state folder once and never touches one that is there") {
  const Folder folder;
  const std::string state = folder.path + "/state";
  const Said made = say({"init", "--state", state, "--site", "lab", "--region", "1101", "--json"});
  INFO(made.err);
  REQUIRE(made.code == CtlExit::kDone);
  CHECK(ApiJson::parse(made.out)["site"]["name"] == "lab");
  CHECK(parse_id<ControllerId>(ApiJson::parse(made.out)["controller"].get<std::string>()));
  struct stat info {};
  REQUIRE(stat((state + "/server.key").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const Said again = say({"init", "--state", state, "--site", "lab"});
  CHECK(again.code == CtlExit::kFailed);
  CHECK_THAT(again.err, Contains("nothing was changed"));
}

TEST_CASE("wrong use is told before anything is asked of anybody") {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"token"},
                                             {"nonsense"},
                                             {"token", "create"},
                                             {"token", "create", "--site", "x", "--expires", "3w"},
                                             {"nodes", "--liveness", "dead"},
                                             {"sites", "add", "x", "--region", "9"},
                                             {"init", "--site", "x", "--service", "odd", "--state", "/nonexistent/a"}}) {
    const Said said = say(arguments);
    CHECK(said.code == CtlExit::kUsage);
    CHECK_FALSE(said.err.empty());
    CHECK(said.out.empty());
  }
  CHECK_THAT(say({"--help"}).out, Contains("exit codes"));
  CHECK_THAT(say({"token", "create", "--help"}).out, Contains("examples:"));
  CHECK_THAT(say({"--version"}).out, Contains("1.2.3"));
}

TEST_CASE("nobody there, nobody answering, and somebody else answering are told apart") {
  CHECK(say({"--url", "http://127.0.0.1:1", "map"}).code == CtlExit::kUnreachable);
  {
    const FixedServer silent("");
    const Said said = say({"--url", silent.url, "--timeout", "1", "map"});
    CHECK(said.code == CtlExit::kUnreachable);
    CHECK_THAT(said.err, Contains("did not answer within 1000 ms"));
  }
  const FixedServer web(http_answer("200 OK", "<html>hello</html>"));
  const Said said = say({"--url", web.url, "map"});
  CHECK(said.code == CtlExit::kFailed);
  CHECK_THAT(said.err, Contains("is this a capmap controller?"));
  for (const char* url : {"", "nonsense url", "ftp://127.0.0.1", "file:///etc/passwd"})
    CHECK(say({"--url", url, "map"}).code == CtlExit::kFailed);
}

TEST_CASE("a redirect is not followed, so the admin token goes nowhere else") {
  const FixedServer web(http_answer("302 Found\r\nLocation: http://127.0.0.1:1/", ""));
  CHECK(say({"--url", web.url, "map"}).code == CtlExit::kFailed);
}

TEST_CASE("the admin token is not sent over plain HTTP to another machine") {
  for (const char* url : {"http://192.0.2.1:8470", "http://127.0.0.1.example.org", "http://127.0.0.1@192.0.2.1"}) {
    const auto reply = send_request(url, 100, {.method = "GET", .path = "/", .body = {}, .bearer = "secret"});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == ErrorCode::kDenied);
  }
}

TEST_CASE("history shows how use went, for all and by group") {
  const World world;
  ApiConnection connection;
  connection.url = "http://127.0.0.1:" + std::to_string(world.http.port);
  const auto show = [&](const UsageRequest& request, bool json) {
    std::ostringstream out;
    const auto shown = show_history(connection, Screen{.out = out, .json = json}, request, world.http.clock.unix_ms());
    INFO((shown ? std::string() : shown.error().what));
    CHECK(shown);
    return out.str();
  };
  UsageRequest request;
  CHECK_THAT(show(request, false), Contains("cpu_use from ") && Contains("all") && Contains("10.4 %") && Contains("HOUR (UTC)"));
  CHECK(show(request, true).starts_with("{\"from\""));
  request.by = "accelerator_model";
  request.measure = "accelerator_use";
  CHECK_THAT(show(request, false), Contains("Example NPU") && Contains("\n–") && Contains("▂"));
  CHECK(world.ctl({"history", "--site", "nowhere"}).code == CtlExit::kFailed);
  CHECK(world.ctl({"history", "--measure", "colour"}).code == CtlExit::kUsage);
  CHECK(world.ctl({"history", "--since", "soon"}).code == CtlExit::kUsage);
  CHECK(world.ctl({"history", "--site", "a", "--region", "11"}).code == CtlExit::kUsage);
}
