// An agent's own metrics: who asks well gets them, whatever others do; and the program serves them only where it was told to.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <vector>

#include "agent/metrics_listener.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/program.hpp"
#include "tests/support/scripted_controller.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace std::chrono_literals;

namespace {

/// A listener on a free port, with a report of one tick.
struct World {
  SystemClock clock;
  Published<TickReport> report;
  LinkCounts link;
  std::unique_ptr<MetricsListener> listener;
  std::uint16_t port = 0;

  World() {
    TickReport one;
    one.ticks = 1;
    report.publish(std::make_shared<const TickReport>(one));
    auto started = MetricsListener::start(*parse_metrics_address("127.0.0.1:0"), report, link, clock);
    REQUIRE(started);
    listener = std::move(*started);
    port = static_cast<std::uint16_t>(std::stoi(listener->where().substr(listener->where().rfind(':') + 1)));
  }
  [[nodiscard]] bool well() const { return get(port, "/metrics").body.ends_with("# EOF\n"); }
};

double value_of(const std::string& page, const std::string& sample) {
  const auto at = ("\n" + page).find("\n" + sample + " ");
  return at == std::string::npos ? -1 : std::stod(page.substr(at + sample.size()));
}

/// What a Unix socket answers to a good request.
std::string ask_socket(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  std::string all;
  if (connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0) {
    const std::string ask = "GET /metrics HTTP/1.1\r\n\r\n";
    static_cast<void>(send(fd, ask.data(), ask.size(), MSG_NOSIGNAL));
    char part[4'096];
    for (ssize_t got = 0; (got = recv(fd, part, sizeof part, 0)) > 0;) all.append(part, static_cast<std::size_t>(got));
  }
  close(fd);
  return all;
}

}  // namespace

TEST_CASE("agent metrics: each question gets the page and the end of the connection; what is none gets its refusal") {
  const World world;
  const auto page = get(world.port, "/metrics");
  CHECK(page.status == 200);
  CHECK(page.headers.at("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(page.headers.at("Content-Length") == std::to_string(page.body.size()));
  CHECK(value_of(page.body, "capmap_agent_ticks_total") == 1);
  CHECK(request(world.port, "HEAD", "/metrics").body.empty());
  CHECK(get(world.port, "/").status == 404);
  CHECK(request(world.port, "DELETE", "/metrics").status == 405);
  Peer babble(world.port);
  babble.say("\x16\x03\x01 what is this\r\n\r\n");
  CHECK(parse_reply(babble.hear()).status == 400);
  CHECK(babble.closed());
  Peer byte_by_byte(world.port);
  for (const char c : std::string("GET /metrics HTTP/1.1\r\n\r\n")) byte_by_byte.say(std::string_view(&c, 1));
  CHECK(parse_reply(byte_by_byte.hear()).status == 200);
  CHECK(value_of(get(world.port, "/metrics").body, "capmap_agent_metrics_requests_total") == 7);
}

TEST_CASE("agent metrics: who says nothing, too much or nonsense, and who comes a hundred times over, keeps nobody else out") {
  const World world;
  std::vector<Peer> silent;
  for (int i = 0; i < 100; ++i) {
    silent.emplace_back(world.port);
    if (i % 3 == 1) silent.back().say("GET /met");
    if (i % 3 == 2) silent.back().say_some(std::string(20'000, 'x'));
    if (i % 10 == 9) CHECK(world.well());
  }
  CHECK(silent.front().hear().empty());  // the oldest went when others came
  CHECK(silent.front().closed());
  // Of the newest, those that MetricsListener::kLimitMs finds still there are ended too.
  CHECK(soon([&] { return silent.back().hear(SIZE_MAX, 100).empty() && silent.back().closed(); }));
  std::mt19937_64 random(run_seed());
  for (int i = 0; i < 200; ++i) {
    Peer noise(world.port);
    std::string bytes(random() % 6'000, ' ');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    noise.say_some(bytes);
    if (i % 50 == 49) CHECK(world.well());
  }
  const auto page = get(world.port, "/metrics").body;
  CHECK(value_of(page, "capmap_agent_metrics_cut_total") >= 90);
}

TEST_CASE("agent metrics: a socket's file is made for its owner and group, goes with the listener, and a stale one is in nobody's way") {
  const TemporaryFolder folder;
  const auto path = folder.path() + "/metrics.sock";
  const auto address = parse_metrics_address(path);
  SystemClock clock;
  Published<TickReport> report;
  LinkCounts link;
  {
    const auto first = MetricsListener::start(*address, report, link, clock);
    REQUIRE(first);
    CHECK((*first)->where() == path);
    struct stat facts {};
    REQUIRE(stat(path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777U) == 0660U);
    CHECK(ask_socket(path).ends_with("# EOF\n"));
    const auto second = MetricsListener::start(*address, report, link, clock);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::kUnavailable);
    CHECK(ask_socket(path).ends_with("# EOF\n"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
  const int stale = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  REQUIRE(bind(stale, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
  close(stale);
  CHECK(MetricsListener::start(*address, report, link, clock));
}

TEST_CASE("agent metrics: the service tells them where it was told to, goes on where it cannot, and nowhere by default") {
  const auto start = [](const TemporaryFolder& folder, ScriptedController& controller, const std::string& listen) {
    const auto keys = make_curve_keys();
    REQUIRE(save_curve_keys(folder.path() + "/agent.key", keys));
    controller.admit(keys.public_key);
    std::vector<std::string> words = {"capmap-agent",
                                      "--state",
                                      folder.path(),
                                      "--controller-endpoint",
                                      controller.endpoint(),
                                      "--controller-public-key",
                                      controller.keys().public_key};
    if (!listen.empty()) words.insert(words.end(), {"--metrics-listen", listen});
    return std::make_unique<Program>(words);
  };
  const auto threads = [](const Program& program) {
    std::size_t count = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(program.pid()) + "/task"))
      count += task.exists() ? 1 : 0;
    return count;
  };
  const TemporaryFolder told, off, taken, refused;
  ScriptedController controller(make_curve_keys());
  const auto on = start(told, controller, "127.0.0.1:0");
  REQUIRE(on->wait_for_output("metrics_told", 20s));
  const auto log = on->output();
  const auto at = log.find("127.0.0.1:", log.find("metrics_told"));
  const auto port = static_cast<std::uint16_t>(std::stoi(log.substr(at + 10)));
  REQUIRE(controller.wait_for<Heartbeat>(30s));
  std::string page;
  CHECK(eventually(
      [&] {
        page = get(port, "/metrics").body;
        return value_of(page, "capmap_agent_link_up") == 1 && value_of(page, "capmap_agent_acks_total") > 0;
      },
      30s));
  INFO(page);
  CHECK(value_of(page, "capmap_agent_ticks_total") >= 1);
  CHECK(value_of(page, "capmap_agent_probe_success{probe=\"memory\"}") == 1);
  CHECK(value_of(page, "capmap_agent_messages_total") >= 1);
  CHECK(value_of(page, "process_resident_memory_bytes") > 1'000'000);

  const auto busy = start(taken, controller, "127.0.0.1:" + std::to_string(port));
  CHECK(busy->wait_for_output("metrics_not_told", 20s));
  CHECK(busy->wait_for_output("connected", 20s));
  const auto without = start(off, controller, "");
  CHECK(without->wait_for_output("connected", 20s));
  CHECK(threads(*on) == threads(*without) + 1);
  CHECK(threads(*busy) == threads(*without));

  const auto wrong = start(refused, controller, "0.0.0.0:9101");
  CHECK(wrong->wait(20s).value_or(0) == 2);
  CHECK(wrong->output().find("metrics.listen: \"0.0.0.0:9101\" could be reached by others") != std::string::npos);
  on->signal(SIGTERM);
  CHECK(on->wait(20s).value_or(-1) == 0);
}
