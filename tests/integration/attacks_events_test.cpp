// Who watches and means harm, or has died. SECURITY.md lists these cases.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <vector>

#include "tests/support/program.hpp"
#include "tests/support/scoped_world.hpp"
#include "tests/support/watched_world.hpp"

using namespace capmap;
using namespace capmap::support;
using namespace std::chrono_literals;

namespace {

/// As many descriptors as the system lets us have: a watcher needs two here.
std::size_t most_descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::size_t resident_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
  }
  return 0;
}

/// A connection that watches and whose end can vanish without a word.
class SilentWatcher {
 public:
  SilentWatcher(std::uint16_t port, const std::string& headers, int receive_bytes = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_bytes > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) return;
    const auto text = "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
    static_cast<void>(send(fd_, text.data(), text.size(), MSG_NOSIGNAL));
  }
  SilentWatcher(SilentWatcher&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SilentWatcher(const SilentWatcher&) = delete;
  SilentWatcher& operator=(const SilentWatcher&) = delete;
  ~SilentWatcher() {
    if (fd_ >= 0) close(fd_);
  }
  /// The first bytes of the answer.
  [[nodiscard]] std::string begin() const {
    char bytes[2'048];
    pollfd waits{.fd = fd_, .events = POLLIN, .revents = 0};
    const auto got = poll(&waits, 1, 10'000) == 1 ? recv(fd_, bytes, sizeof bytes, 0) : 0;
    return got > 0 ? std::string(bytes, static_cast<std::size_t>(got)) : std::string();
  }
  [[nodiscard]] int status() const {
    const auto text = begin();
    return text.starts_with("HTTP/1.1 ") ? std::stoi(text.substr(9, 3)) : 0;
  }
  /// Whether it was told what is now: until then something is under way to it.
  [[nodiscard]] bool greeted() const {
    std::string told;
    for (auto more = begin(); !more.empty() && told.size() < 65'536; more = begin()) {
      told += more;
      const auto at = told.find("event: snapshot");
      if (at != std::string::npos && told.find("\n\n", at) != std::string::npos) return told.starts_with("HTTP/1.1 200 ");
    }
    return false;
  }
  /// As a machine that loses its power: nothing is sent. False: this takes rights that the test has not got.
  bool vanish() {
    const int on = 1;
    if (setsockopt(fd_, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) != 0) return false;
    close(std::exchange(fd_, -1));
    return true;
  }

 private:
  int fd_;
};

void flood(MovingView& view, int changes) {
  for (int i = 0; i < changes; ++i) {
    const bool lost = i % 2 == 0;
    view.change(1, with(kFreshHere, lost ? Liveness::kFresh : Liveness::kLost),
                with(kFreshHere, lost ? Liveness::kLost : Liveness::kFresh));
  }
  view.publish();
}

}  // namespace

TEST_CASE("attacks: watchers who never read hold nobody up, cost no memory that grows, and are cut") {
  HttpWorld world;
  MovingView view(world);
  std::vector<SilentWatcher> idle;
  for (int i = 0; i < 50; ++i) idle.emplace_back(world.port, std::string(), 2'048);
  WatchPeer reads(world.port);
  REQUIRE(reads.hear(1).size() == 1);
  REQUIRE(soon([&] { return metric_of(world.port, "capmap_http_watchers") == 51; }));
  std::size_t told = 1, after_ring = 0;
  for (int round = 0; round < 30; ++round) {
    flood(view, 1'000);
    told += 1'000;
    REQUIRE(reads.hear(told).size() == told);  // everything, in order, while the others hold still
    CHECK(get(world.port, "/v1/map").status == 200);
    if (round == 9) after_ring = resident_kb();
    for (auto& one : reads.told()) one.data = nullptr;  // so that it is the controller's memory that is looked at
  }
  CHECK(metric_of(world.port, "capmap_http_events_kept_bytes") <= 8'388'608);
  CHECK(resident_kb() < after_ring + 64 * 1'024);
  CHECK(eventually([&] { return metric_of(world.port, "capmap_http_watchers") == 1; }, 60s));
  flood(view, 2);
  CHECK(reads.hear(told + 2).size() == told + 2);
}

TEST_CASE("attacks: who reads too late is told to read anew instead of what is gone") {
  HttpWorld world;
  MovingView view(world);
  WatchPeer fast(world.port), slow(world.port);
  REQUIRE(fast.hear(1).size() == 1);
  REQUIRE(slow.hear(1).size() == 1);
  std::size_t told = 1;
  for (int round = 0; round < 10; ++round) {
    flood(view, 1'000);
    told += 1'000;
    REQUIRE(fast.hear(told).size() == told);
  }
  REQUIRE(slow.hear_kind("resync") != nullptr);
  flood(view, 2);
  CHECK(fast.hear(told + 2).back().id == slow.hear(slow.told().size() + 3, 500).back().id);
}

TEST_CASE("attacks: beyond the room for watchers another one is refused with what to do, one asker cannot take all, and others ask on") {
  if (most_descriptors() < 6'000) {
    WARN("fewer than 6,000 descriptors: not tried");
    return;
  }
  ScopedWorld world(*make_scope({"11"}, {}));
  const std::string bearer = "Authorization: Bearer t\r\n";
  std::vector<SilentWatcher> held;
  for (int i = 0; i < 2'250; ++i) {
    held.emplace_back(world.http.port, std::string());
    REQUIRE(held.back().status() == 200);
  }
  const auto refused = get(world.http.port, "/v1/events");
  CHECK(refused.status == 503);
  CHECK(refused.headers.at("Retry-After") == "30");
  CHECK(body_of(refused)["type"] == "urn:capmap:problem:too-many-watchers");
  CHECK(body_of(refused)["detail"].get<std::string>().find("/v1/changes") != std::string::npos);
  for (int i = 0; i < 250; ++i) {
    held.emplace_back(world.http.port, bearer);
    REQUIRE(held.back().status() == 200);
  }
  CHECK(get(world.http.port, "/v1/events", bearer).status == 503);
  CHECK(get(world.http.port, "/v1/map").status == 200);
  CHECK(metric_of(world.http.port, "capmap_http_watchers_refused_total") == 2);
  while (held.size() > 2'400) held.pop_back();
  CHECK(soon([&] { return metric_of(world.http.port, "capmap_http_watchers") == 2'400; }));
  CHECK(SilentWatcher(world.http.port, bearer).status() == 200);
}

TEST_CASE("attacks: 500 watchers who hang up are let go at once, and 500 who vanish without a word with the next ping") {
  if (most_descriptors() < 2'000) {
    WARN("fewer than 2,000 descriptors: not tried");
    return;
  }
  HttpWorld world;
  MovingView view(world);
  WatchPeer stays(world.port);
  REQUIRE(stays.hear(1).size() == 1);
  const auto watch = [&] {
    std::vector<SilentWatcher> watchers;
    for (int i = 0; i < 500; ++i) {
      watchers.emplace_back(world.port, std::string());
      REQUIRE(watchers.back().greeted());  // what came to one that has vanished would end it before its time
    }
    return watchers;
  };
  static_cast<void>(watch());
  CHECK(soon([&] { return metric_of(world.port, "capmap_http_watchers") == 1; }));
  auto watchers = watch();
  for (auto& one : watchers) {
    if (!one.vanish()) {
      WARN("TCP_REPAIR takes CAP_NET_ADMIN: not tried");
      return;
    }
  }
  CHECK(metric_of(world.port, "capmap_http_watchers") == 501);
  world.clock.advance_ms(15'000);
  CHECK(stays.hear_ping());
  CHECK(soon([&] { return metric_of(world.port, "capmap_http_watchers") == 1; }));
}
