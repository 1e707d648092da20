// Strangers who connect to the message port and never finish a handshake, more of them than the controller has descriptors.
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/deployment.hpp"

using namespace capmap::support;
using nlohmann::json;

namespace {

constexpr unsigned kDescriptors = 1'024;
constexpr std::size_t kStrangers = 5'000;

/// Holds so many plain connections open from its birth to its end: each that is ended is opened again at once.
class Strangers {
 public:
  Strangers(int port, std::string first_words) : port_(port), words_(std::move(first_words)), sockets_(kStrangers, -1) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    enough_ = limit.rlim_max > kStrangers + 500;
    if (enough_) thread_ = std::thread([this] { hold(); });
  }
  ~Strangers() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    for (const int one : sockets_) {
      if (one >= 0) close(one);
    }
  }
  Strangers(const Strangers&) = delete;
  Strangers& operator=(const Strangers&) = delete;
  [[nodiscard]] bool enough() const { return enough_; }

  std::atomic<std::uint64_t> opened{0};

 private:
  void hold() {
    while (!stop_) {
      for (int& one : sockets_) {
        if (one >= 0 && is_open(one)) continue;
        if (one >= 0) close(one);
        one = connected();
        if (one >= 0) ++opened;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  static bool is_open(int one) {
    char byte = 0;
    const auto got = recv(one, &byte, 1, MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == ENOTCONN));
  }
  [[nodiscard]] int connected() const {
    const int one = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(port_));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(one, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 && errno != EINPROGRESS) {
      close(one);
      return -1;
    }
    if (!words_.empty()) static_cast<void>(send(one, words_.data(), words_.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    return one;
  }

  int port_;
  std::string words_;
  std::vector<int> sockets_;
  bool enough_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

std::string liveness_of(const Deployment& deployment, const std::string& hostname_or_place) {
  const json nodes = json::parse(http_get(deployment.http_port, "/v1/nodes"), nullptr, false);
  if (!nodes.is_object()) return {};
  for (const auto& node : nodes["nodes"]) {
    if (node["id"] == hostname_or_place) return node["liveness"].get<std::string>();
  }
  return {};
}

/// A known agent that is not running yet: its state folder and its node.
struct Known {
  explicit Known(const Deployment& deployment) {
    const Ran joined = run({"capmap-agent", "join", deployment.token(1), "--state", folder.path()});
    INFO(joined.output);
    REQUIRE(joined.code == 0);
    const auto at = joined.output.find("n-");
    REQUIRE(at != std::string::npos);
    node = joined.output.substr(at, 28);
  }
  TemporaryFolder folder;
  std::string node;
};

/// CPU time of a process in ms.
double cpu_ms(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream rest(text.substr(text.rfind(')') + 2));
  std::string word;
  double ticks = 0;
  for (int field = 3; field <= 15 && rest >> word; ++field) {
    if (field >= 14) ticks += std::stod(word);
  }
  return ticks * 1'000 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void play(const std::string& first_words) {
  Deployment deployment({}, {"--interval-ms", "1000"});
  deployment.descriptors = kDescriptors;
  deployment.start();
  const Known early(deployment), late(deployment), after(deployment);
  Program first({"capmap-agent", "--state", early.folder.path()});
  const auto fresh = [&](const Known& agent) { return [&] { return liveness_of(deployment, agent.node) == "fresh"; }; };
  REQUIRE(eventually(fresh(early), std::chrono::seconds(20)));
  std::optional<Program> second, third;
  {
    Strangers strangers(deployment.message_port, first_words);
    if (!strangers.enough()) {
      std::cout << "skipped: needs " << kStrangers + 500 << " descriptors\n";
      return;
    }
    REQUIRE(eventually([&] { return strangers.opened >= kStrangers; }, std::chrono::seconds(20)));
    const auto began = std::chrono::steady_clock::now();
    const auto cpu_before_ms = cpu_ms(deployment.controller().pid());
    second.emplace(std::vector<std::string>{"capmap-agent", "--state", late.folder.path()});
    CHECK(eventually(fresh(late), std::chrono::seconds(60)));
    const auto took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count();
    std::cout << "a known agent was on the map after " << took_ms << " ms among " << kStrangers << " strangers, " << strangers.opened
              << " opened, controller CPU " << cpu_ms(deployment.controller().pid()) - cpu_before_ms << " ms\n";
    // They hold every descriptor that they can get, and who asks is still let in.
    double longest_s = 0;
    for (int i = 0; i < 20; ++i) {
      const auto asked = std::chrono::steady_clock::now();
      CHECK(eventually([&] { return deployment.metric("capmap_strangers_ended_total") > 0; }, std::chrono::seconds(30)));
      longest_s = std::max(longest_s, std::chrono::duration<double>(std::chrono::steady_clock::now() - asked).count());
    }
    std::cout << "longest of 20 questions in the midst: " << longest_s << " s\n";
    CHECK(eventually(fresh(early), std::chrono::seconds(30)));
    CHECK(eventually([&] { return deployment.metric("capmap_connections_crowded") == 1; }, std::chrono::seconds(30)));
  }
  const std::string log = deployment.controller().output();
  INFO(log);
  REQUIRE(deployment.controller().running());
  const auto said = log.find("strangers_hold_connections");
  CHECK(said != std::string::npos);
  CHECK(log.find("strangers_hold_connections", said + 1) == std::string::npos);  // once
  third.emplace(std::vector<std::string>{"capmap-agent", "--state", after.folder.path()});
  CHECK(eventually(fresh(after), std::chrono::seconds(20)));
  CHECK(eventually([&] { return deployment.metric("capmap_connections") <= 3; }, std::chrono::seconds(40)));
}

}  // namespace

TEST_CASE("strangers: thousands of silent connections, opened again as they end, keep no known agent out and no descriptor for good") {
  play("");
}

TEST_CASE("strangers: nor do those that begin a greeting and never go on") {
  play(std::string("\xff\0\0\0\0\0\0\0\x01\x7f", 10));
}
