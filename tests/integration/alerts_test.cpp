// Alerts: what is told of a map, once; and what a real HTTP server gets of it when it is slow, away or refuses.
#include "controller/alerts.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/transport.hpp"
#include "controller/alerts_thread.hpp"
#include "tests/support/map_world.hpp"
#include "tests/support/program.hpp"

using namespace capmap;
using namespace capmap::test;
using capmap::support::eventually;
using capmap::support::TemporaryFolder;
using nlohmann::json;

namespace {

struct Got {
  std::string head, body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto at = head.find(name + ": ");
    return at == std::string::npos ? "" : head.substr(at + name.size() + 2, head.find('\r', at) - at - name.size() - 2);
  }
};

/// A webhook: takes one request a connection, and answers each with the next status of its list, then with 200.
class Webhook {
 public:
  explicit Webhook(std::vector<int> statuses) : statuses_(std::move(statuses)), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(socket_, 8) == 0);
    REQUIRE(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Webhook() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  [[nodiscard]] std::vector<Got> got() const {
    const std::lock_guard hold(mutex_);
    return got_;
  }

 private:
  void serve() {
    for (;;) {
      const int peer = accept(socket_, nullptr, nullptr);
      if (peer < 0) return;
      std::string text;
      std::size_t wanted = std::string::npos;
      std::array<char, 4096> buffer{};
      while (text.size() < wanted) {
        const auto count = recv(peer, buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        text.append(buffer.data(), static_cast<std::size_t>(count));
        const auto end = text.find("\r\n\r\n");
        const auto length = text.find("Content-Length: ");
        if (end != std::string::npos && length != std::string::npos) wanted = end + 4 + std::stoul(text.substr(length + 16));
      }
      const auto end = text.find("\r\n\r\n");
      int status = 200;
      {
        const std::lock_guard hold(mutex_);
        if (got_.size() < statuses_.size()) status = statuses_[got_.size()];
        got_.push_back({text.substr(0, end), text.substr(end + 4)});
      }
      const std::string answer = "HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      static_cast<void>(send(peer, answer.data(), answer.size(), MSG_NOSIGNAL));
      close(peer);
    }
  }

  std::vector<int> statuses_;
  std::vector<Got> got_;
  mutable std::mutex mutex_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

constexpr const char* kSecret = "a secret of sixteen bytes or more";

MapAgent introduced(World& world, std::uint64_t number, std::uint64_t site) {
  auto agent = world.agent(number, server_shape(8, 64, 0), site);
  world.introduce(agent, usage_of(busy(100, 100)));
  return agent;
}

void make_clone(World& world, MapAgent& agent) {
  auto other = agent;
  other.run_id += 500;
  other.seq = 0;
  world.introduce(other, usage_of(busy(100, 100)));
  for (int i = 0; i < 8; ++i) {
    world.pass(5'000);
    auto& speaker = i % 2 == 0 ? agent : other;
    world.say(speaker, speaker.heartbeat());
  }
  REQUIRE(world.map.clones().size() == 1);
}

std::vector<Alert> look(AlertWatch& watch, World& world, const StoreHealth* store = nullptr) {
  return watch.look(*world.map.view(world.now, world.now + 5'000), store, world.now + 5'000);
}

}  // namespace

TEST_CASE("alerts: a clone is told once and when it is settled, and one of before the start is not told again") {
  World world;
  auto agent = introduced(world, 1, 1);
  AlertWatch watch(kStart);
  CHECK(look(watch, world).empty());
  make_clone(world, agent);
  auto told = look(watch, world);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Alert::Kind::kClone);
  CHECK(told[0].subject == to_text(agent.node));
  CHECK(told[0].text.find("host, host") != std::string::npos);
  world.say(agent, agent.heartbeat());
  CHECK(look(watch, world).empty());
  AlertWatch later(world.now + 1'000'000);
  CHECK(look(later, world).empty());
  REQUIRE(world.map.settle_clone(agent.node, agent.run_id, world.now));
  for (auto* one : {&watch, &later}) {
    told = look(*one, world);
    REQUIRE(told.size() == 1);
    CHECK_FALSE(told[0].firing);
  }
}

TEST_CASE("alerts: nodes newly contradicted are told, not again the same day, many at once as one, and none in maintenance") {
  World world;
  std::vector<MapAgent> agents;
  for (std::uint64_t i = 1; i <= 40; ++i) agents.push_back(introduced(world, i, 1));
  AlertWatch watch(kStart);
  CHECK(look(watch, world).empty());
  const auto lie = [&world](MapAgent& agent) { world.say(agent, agent.heartbeat(busy(999'999, 1))); };
  REQUIRE(world.map.set_service(agents[0].node, {.state = ServiceState::kMaintenance}, world.now));
  lie(agents[0]);
  lie(agents[1]);
  auto told = look(watch, world);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Alert::Kind::kContradiction);
  CHECK(told[0].subject == to_text(agents[1].node));
  world.say(agents[1], agents[1].heartbeat(busy(1, 1)));
  CHECK(look(watch, world).empty());
  lie(agents[1]);
  CHECK(look(watch, world).empty());
  for (std::size_t i = 2; i < agents.size(); ++i) lie(agents[i]);
  told = look(watch, world);
  REQUIRE(told.size() == 1);
  CHECK(told[0].text.find("38 nodes") == 0);
}

TEST_CASE("alerts: a site goes dark when its last node is lost, unless that is worked on; and it is told when one comes back") {
  World world;
  auto first = introduced(world, 1, 1), second = introduced(world, 2, 1), other = introduced(world, 3, 2);
  AlertWatch watch(kStart);
  CHECK(look(watch, world).empty());
  const auto pass = [&world](std::vector<MapAgent*> alive) {
    for (int i = 0; i < 10; ++i) {
      world.pass(10'000);
      for (auto* agent : alive) world.say(*agent, agent->heartbeat());
    }
  };
  pass({&first, &other});
  CHECK(look(watch, world).empty());
  pass({&other});
  CHECK(look(watch, world).empty());  // since now
  world.pass(AlertWatch::kDarkMs - 1);
  CHECK(look(watch, world).empty());
  world.pass(1);
  auto told = look(watch, world);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Alert::Kind::kSiteDark);
  CHECK(told[0].firing);
  world.say(second, second.heartbeat());
  told = look(watch, world);
  REQUIRE(told.size() == 1);
  CHECK_FALSE(told[0].firing);
  // Its only agent is started again: nobody is woken.
  world.say(second, second.bye());
  CHECK(look(watch, world).empty());
  world.pass(5'000);
  second.run_id += 1;
  world.introduce(second, usage_of({}));
  CHECK(look(watch, world).empty());
  world.pass(AlertWatch::kDarkMs);
  world.say(second, second.heartbeat());
  CHECK(look(watch, world).empty());
  REQUIRE(world.map.set_service(other.node, {.state = ServiceState::kMaintenance}, world.now));
  pass({&second});
  CHECK(look(watch, world).empty());
}

TEST_CASE("alerts: a store that fails is told with its reason, a full disk as one, each once and when it is over") {
  World world;
  AlertWatch watch(kStart);
  const StoreHealth full{.problem = "database or disk is full"}, denied{.problem = "may not be written"}, well;
  auto told = look(watch, world, &full);
  REQUIRE(told.size() == 1);
  CHECK(told[0].kind == Alert::Kind::kDiskFull);
  CHECK(look(watch, world, &full).empty());
  told = look(watch, world, &denied);
  REQUIRE(told.size() == 2);
  CHECK(told[1].kind == Alert::Kind::kStoreProblem);
  told = look(watch, world, &well);
  REQUIRE(told.size() == 1);
  CHECK_FALSE(told[0].firing);
}

TEST_CASE("alerts: what waits is tried again with growing pauses, refused for good by 4xx, dropped when it is too much or too old") {
  AlertQueue queue;
  queue.push("1", "{}", 0);
  std::uint64_t now = 0;
  std::vector<std::uint64_t> tried;
  while (queue.due(now) == nullptr || now < 2 * AlertQueue::kGiveUpMs) {
    if (queue.waiting() == 0) break;
    if (queue.due(now) != nullptr) {
      tried.push_back(now);
      queue.answered(tried.size() % 2 == 0 ? 503 : 0, now);
    }
    now += 500;
  }
  REQUIRE(tried.size() > 10);
  CHECK(tried[1] - tried[0] == 1'000);
  CHECK(tried[2] - tried[1] == 2'000);
  CHECK(tried.back() - tried[tried.size() - 2] == AlertQueue::kMostPauseMs);
  CHECK(queue.counts().given_up == 1);
  CHECK(tried.back() >= AlertQueue::kGiveUpMs);
  queue.push("2", "{}", now);
  queue.answered(404, now);
  CHECK(queue.counts().given_up == 2);
  for (std::size_t i = 0; i < AlertQueue::kMost + 5; ++i) queue.push(std::to_string(i), "{}", now);
  CHECK(queue.waiting() == AlertQueue::kMost);
  CHECK(queue.counts().dropped == 5);
  CHECK(queue.due(now)->id == "5");
  queue.answered(204, now);
  CHECK(queue.counts().delivered == 1);
}

TEST_CASE("alerts: the signature is HMAC-SHA-256 as others compute it, and texts of any bytes are good JSON") {
  // printf '7.{}' | openssl dgst -sha256 -hmac Jefe
  CHECK(alert_signature("Jefe", 7, "{}") == "v1=fab47a0bfa9f75f6455e6e0d75f29f95b3118d10f700dec268f191bdcba9b6b7");
  CHECK(alert_signature("Jefe", 7, "{}") != alert_signature("Jefe", 8, "{}"));
  CHECK(alert_signature("Jefe", 7, "{}") != alert_signature("Jefd", 7, "{}"));
  for (const std::string text : {"plain", "quote \" and \\", "北京", "broken \xff\x01 bytes", "new\nline"}) {
    Alert alert;
    alert.text = text;
    alert.at_unix_ms = 1'790'000'000'123;
    const auto parsed = json::parse(alert_json(alert, "c-x", "00ff"), nullptr, false);
    REQUIRE(parsed.is_object());
    CHECK(parsed["at"] == "2026-09-21T14:13:20.123Z");
    if (text == "北京") CHECK(parsed["text"] == text);
  }
}

TEST_CASE("alerts: a webhook that fails first gets each alert in the end, once, signed; the thread ends while it is away") {
  World world;
  auto agent = introduced(world, 1, 1);
  zmq::context_t context;
  SystemClock clock;
  Published<MapView> view;
  Published<StoreHealth> store;
  Published<Metrics> metrics;
  Webhook webhook({503, 500});
  const AlertOptions options{.webhook_url = webhook.url(), .webhook_secret = kSecret, .controller_id = "c-test", .epoch = 0xABC};
  view.publish(world.map.view(world.now, world.now));
  std::thread thread([&] { CHECK(run_alerts(context, options, clock, view, store, metrics)); });
  const auto value = [&metrics](const std::string& name) {
    const auto all = metrics.take();
    for (const auto& metric : all ? *all : Metrics()) {
      if (metric.name == name) return metric.value;
    }
    return -1.0;
  };
  REQUIRE(eventually([&] { return value("capmap_webhook_delivered_total") == 0; }, std::chrono::seconds(10)));
  store.publish(std::make_shared<const StoreHealth>(StoreHealth{.problem = "may not be written"}));
  REQUIRE(eventually([&] { return value("capmap_webhook_delivered_total") == 1; }, std::chrono::seconds(30)));
  const auto got = webhook.got();
  REQUIRE(got.size() == 3);
  CHECK(value("capmap_webhook_retries_total") == 2);
  const auto body = json::parse(got[2].body);
  CHECK(body["kind"] == "store_problem");
  CHECK(body["state"] == "firing");
  CHECK(body["controller"] == "c-test");
  CHECK(got[0].body == got[2].body);
  CHECK(got[2].head.find("POST /hook HTTP/1.1") == 0);
  CHECK(got[2].header("Capmap-Alert-Id") == body["id"]);
  CHECK(got[2].header("Capmap-Signature") == alert_signature(kSecret, std::stoull(got[2].header("Capmap-Timestamp")), got[2].body));
  send_stop(*open_push(context, kAlertsPipe));
  thread.join();

  // Nobody listens there: the thread ends at once all the same.
  const AlertOptions away{.webhook_url = "http://127.0.0.1:9/", .webhook_secret = kSecret, .controller_id = "c-test"};
  zmq::context_t another;  // a name of the first may be taken for a moment after its socket was closed
  metrics.publish(nullptr);
  std::thread alone([&] { CHECK(run_alerts(another, away, clock, view, store, metrics)); });
  REQUIRE(eventually([&] { return value("capmap_webhook_retries_total") >= 1; }, std::chrono::seconds(10)));
  send_stop(*open_push(another, kAlertsPipe));
  alone.join();
}

TEST_CASE("alerts: a webhook needs a URL and a secret that nobody else can read") {
  const TemporaryFolder folder;
  const auto file = folder.path() + "/secret";
  CHECK(load_webhook_secret("", "")->empty());
  CHECK(load_webhook_secret("ftp://x", file).error().code == ErrorCode::kMalformed);
  CHECK(load_webhook_secret("https://x", "").error().what.find("webhook_secret_file: is needed") != std::string::npos);
  CHECK(load_webhook_secret("https://x", file).error().code == ErrorCode::kAbsent);
  std::ofstream(file) << kSecret << "\n";
  chmod(file.c_str(), 0644);
  CHECK(load_webhook_secret("https://x", file).error().what.find("chmod 600") != std::string::npos);
  chmod(file.c_str(), 0600);
  CHECK(*load_webhook_secret("https://x", file) == kSecret);
  std::ofstream(file) << "short\n";
  CHECK(load_webhook_secret("https://x", file).error().what.find("less than 16 bytes") != std::string::npos);
}
