// What it costs that many watch /v1/events: memory of an idle watcher over TLS and in the clear, and how long it takes until a change has
// reached all. The reference of the latter is one watcher alone. The controller's part runs in a child, so that its memory is its own.
//   capmap_bench_events [WATCHERS [--json FILE]]     default 2000; needs two descriptors a watcher
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "common/ids.hpp"
#include "controller/http/exposure.hpp"
#include "tests/bench/bench_lines.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/program.hpp"
#include "tests/support/whole_controller.hpp"

namespace {

using namespace capmap;
using namespace capmap::support;
using test::report;
using Steady = std::chrono::steady_clock;

constexpr int kChanges = 20;
constexpr std::uint32_t kTokens = 8;  ///< no one credential may hold all places

double ms_since(Steady::time_point begin) {
  return std::chrono::duration<double, std::milli>(Steady::now() - begin).count();
}

double memory_kb(pid_t pid, const char* name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stod(line.substr(std::strlen(name)));
  }
  return 0;
}

/// One who watches, over TLS where there is a credentials object.
class Watcher {
 public:
  Watcher(std::uint16_t port, const std::string& token, gnutls_certificate_credentials_t trust) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) throw std::runtime_error("not connected");
    const int on = 1;  // else the kernel holds the request back until the handshake's last word is acknowledged
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (trust != nullptr) {
      gnutls_init(&session_, GNUTLS_CLIENT);
      gnutls_set_default_priority(session_);
      gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, trust);
      gnutls_transport_set_int(session_, fd_);
      if (gnutls_handshake(session_) < 0) throw std::runtime_error("no TLS");
    }
    const auto text = "GET /v1/events?kind=site HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n";
    if (session_ != nullptr) {
      gnutls_record_send(session_, text.data(), text.size());
    } else if (send(fd_, text.data(), text.size(), 0) < 0) {
      throw std::runtime_error("not sent");
    }
    while (text_.find("event: snapshot") == std::string::npos) {
      if (!take()) throw std::runtime_error("not let in: " + text_.substr(0, 200));
    }
    text_.clear();
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher() {
    if (session_ != nullptr) gnutls_deinit(session_);
    close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }
  /// True when the mark has come.
  bool heard(const std::string& mark) {
    if (!take()) throw std::runtime_error("a watcher was cut");
    if (text_.find(mark) == std::string::npos) return false;
    text_.clear();
    return true;
  }

 private:
  bool take() {
    char bytes[4'096];
    const auto got = session_ != nullptr ? gnutls_record_recv(session_, bytes, sizeof bytes) : recv(fd_, bytes, sizeof bytes, 0);
    if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED) return true;
    if (got > 0) text_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }
  int fd_;
  gnutls_session_t session_ = nullptr;
  std::string text_;
};

struct Served {
  pid_t pid = 0;
  std::uint16_t port = 0;
};

/// A controller in a child process; its port comes through a pipe.
Served serve(const std::string& state, const std::shared_ptr<const TlsPair>& tls) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  Served served{.pid = fork()};
  if (served.pid == 0) {
    Reach reach;
    reach.tls = tls;
    WholeController controller(state, reach);
    if (write(ends[1], &controller.port, sizeof controller.port) < 0) std::_Exit(1);
    for (;;) pause();
  }
  if (read(ends[0], &served.port, sizeof served.port) != sizeof served.port) std::exit(1);
  return served;
}

std::string ask(const Served& served, bool tls, const std::string& method, const std::string& path, const std::string& token,
                const std::string& body) {
  const auto url = std::string(tls ? "https" : "http") + "://127.0.0.1:" + std::to_string(served.port) + path;
  return run({"curl", "-sSk", "-X", method, "-H", "Authorization: Bearer " + token, "-H", "Content-Type: application/json", "-d", body,
              url})
      .output;
}

/// Until a change has reached so many, median of some changes.
double reach_ms(const Served& served, bool tls, const std::string& admin, std::vector<std::unique_ptr<Watcher>>& watchers,
                std::size_t count) {
  std::vector<double> times;
  for (int change = 0; change < kChanges; ++change) {
    const auto name = "site-" + std::to_string(random_u64());
    const auto begin = Steady::now();
    std::thread asks([&] { ask(served, tls, "POST", "/v1/sites", admin, R"({"name":")" + name + R"(","region":"11"})"); });
    std::vector<pollfd> waits;
    for (std::size_t i = 0; i < count; ++i) waits.push_back({.fd = watchers[i]->fd(), .events = POLLIN, .revents = 0});
    for (std::size_t left = count; left > 0;) {
      if (poll(waits.data(), waits.size(), 10'000) <= 0) throw std::runtime_error("a change has not come");
      for (std::size_t i = 0; i < count; ++i) {
        if (waits[i].revents == 0 || !watchers[i]->heard(name)) continue;
        waits[i].fd = -1;
        --left;
      }
    }
    times.push_back(ms_since(begin));
    asks.join();
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void measure(bool secure, std::uint32_t count) {
  const TemporaryFolder state, files;
  Site site;
  site.name = "here";
  if (!create_state(state.path(), site)) throw std::runtime_error("no state");
  const auto crt = files.path() + "/c.crt", key = files.path() + "/c.key";
  if (!make_self_signed(crt, key, {"localhost"}, SystemClock().unix_ms() / 1'000)) throw std::runtime_error("no certificate");
  const auto served = serve(state.path(), secure ? *TlsPair::load(crt, key) : std::shared_ptr<const TlsPair>());
  const auto admin = *load_admin_token(state.path());
  std::vector<std::string> tokens = {};
  ask(served, secure, "POST", "/v1/users", admin, R"({"name":"li","role":"viewer"})");
  for (std::uint32_t i = 0; i < kTokens; ++i) {
    const auto made = nlohmann::json::parse(ask(served, secure, "POST", "/v1/users/li/tokens", admin, R"({"label":"bench"})"));
    tokens.push_back(made.at("token"));
  }
  gnutls_certificate_credentials_t trust = nullptr;
  if (secure) gnutls_certificate_allocate_credentials(&trust);
  std::vector<std::unique_ptr<Watcher>> watchers;
  watchers.push_back(std::make_unique<Watcher>(served.port, tokens[0], trust));
  const std::string name = secure ? "tls" : "plain";
  const auto alone = reach_ms(served, secure, admin, watchers, 1);
  const auto before_kb = memory_kb(served.pid, "VmRSS:");
  const auto begin = Steady::now();
  while (watchers.size() < count) watchers.push_back(std::make_unique<Watcher>(served.port, tokens[watchers.size() % kTokens], trust));
  report("events.connect_ms_each_" + name, ms_since(begin) / count, "ms", std::nullopt);
  report("events.kb_a_watcher_" + name, (memory_kb(served.pid, "VmRSS:") - before_kb) / (count - 1), "KB", secure ? 40.0 : 20.0);
  report("events.reach_all_ms_" + name, reach_ms(served, secure, admin, watchers, watchers.size()), "ms", 1'000.0, alone);
  report("events.kb_a_watcher_told_" + name, (memory_kb(served.pid, "VmRSS:") - before_kb) / (count - 1), "KB", secure ? 60.0 : 30.0);
  kill(served.pid, SIGKILL);
  waitpid(served.pid, nullptr, 0);
  watchers.clear();
  if (trust != nullptr) gnutls_certificate_free_credentials(trust);
}

}  // namespace

int main(int count, char** words) {
  const auto watchers = count > 1 ? static_cast<std::uint32_t>(std::strtoul(words[1], nullptr, 10)) : 2'000U;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::printf("watchers %u\n", watchers);
  for (const bool secure : {false, true}) measure(secure, watchers);
  if (count == 4 && std::strcmp(words[2], "--json") == 0) test::write_json(words[3]);
  return 0;
}
