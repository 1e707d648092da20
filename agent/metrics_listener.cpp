#include "agent/metrics_listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <optional>
#include <utility>

#include "agent/metrics_request.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kPauseMs = 100;  ///< when nobody can be taken in

union SocketName {
  sockaddr any;
  sockaddr_in four;
  sockaddr_in6 six;
  sockaddr_un path;
};

socklen_t fill_name(const MetricsAddress& address, SocketName& name) {
  std::memset(&name, 0, sizeof name);
  if (!address.path.empty()) {
    name.path.sun_family = AF_UNIX;
    std::memcpy(name.path.sun_path, address.path.c_str(), std::min(address.path.size(), sizeof name.path.sun_path - 1));
    return sizeof name.path;
  }
  if (address.ipv6) {
    name.six.sin6_family = AF_INET6;
    name.six.sin6_port = htons(address.port);
    inet_pton(AF_INET6, address.host.c_str(), &name.six.sin6_addr);
    return sizeof name.six;
  }
  name.four.sin_family = AF_INET;
  name.four.sin_port = htons(address.port);
  inet_pton(AF_INET, address.host.c_str(), &name.four.sin_addr);
  return sizeof name.four;
}

/// A socket's file that an earlier run left, and nobody listens at, stands in the way.
void remove_stale(const MetricsAddress& address, const SocketName& name, socklen_t size) {
  struct stat facts {};
  if (address.path.empty() || lstat(address.path.c_str(), &facts) != 0 || !S_ISSOCK(facts.st_mode)) return;
  const OpenFile trial(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(trial.fd(), &name.any, size) != 0 && errno == ECONNREFUSED) unlink(address.path.c_str());
}

/// One who asks.
struct Peer {
  explicit Peer(int fd, std::uint64_t until) : socket(fd), until_ms(until) {}
  OpenFile socket;
  std::uint64_t until_ms;
  std::string request, answer;
  std::size_t sent = 0;
};

/// Everything the thread does.
class Serving {
 public:
  Serving(int listening, int stop, const Published<TickReport>& report, const LinkCounts& link, const Clock& clock)
      : listening_(listening), stop_(stop), report_(report), link_(link), clock_(clock) {}

  void run() {
    while (wait()) {
      const auto now = clock_.boot_ms();
      for (auto peer = peers_.begin(); peer != peers_.end();) {
        const bool late = now >= peer->until_ms;
        if (late && !over(*peer)) ++counts_.cut;
        peer = late || over(*peer) ? peers_.erase(peer) : std::next(peer);
      }
      if (newcomers_) take_newcomer(now);
    }
  }

 private:
  /// Sleeps until somebody has something to say; steps those. False: it is to end.
  bool wait() {
    std::array<pollfd, MetricsListener::kMost + 2> items{};
    items[0] = {.fd = stop_, .events = POLLIN, .revents = 0};
    const auto now = clock_.boot_ms();
    const bool paused = now < paused_until_ms_;
    items[1] = {.fd = paused ? -1 : listening_, .events = POLLIN, .revents = 0};
    std::size_t count = 2;
    auto next_ms = paused ? paused_until_ms_ : UINT64_MAX;
    for (const auto& peer : peers_) {
      items[count++] = {.fd = peer.socket.fd(), .events = static_cast<short>(peer.answer.empty() ? POLLIN : POLLOUT), .revents = 0};
      next_ms = std::min(next_ms, peer.until_ms);
    }
    const int limit = next_ms == UINT64_MAX ? -1 : static_cast<int>(next_ms - std::min(next_ms, now));
    if (poll(items.data(), static_cast<nfds_t>(count), limit) < 0 && errno != EINTR) return false;
    if (items[0].revents != 0) return false;
    newcomers_ = items[1].revents != 0;
    std::size_t at = 2;
    for (auto& peer : peers_) {
      if (items[at++].revents != 0) step(peer);
    }
    return true;
  }

  void take_newcomer(std::uint64_t now) {
    newcomers_ = false;
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      if (errno != EAGAIN && errno != ECONNABORTED) paused_until_ms_ = now + kPauseMs;  // no descriptor, say: do not spin
      return;
    }
    if (peers_.size() == MetricsListener::kMost) {
      peers_.pop_front();
      ++counts_.cut;
    }
    peers_.emplace_back(fd, now + MetricsListener::kLimitMs);
  }

  /// It has asked and got its answer, or is gone.
  [[nodiscard]] static bool over(const Peer& peer) {
    return peer.socket.fd() < 0 || (!peer.answer.empty() && peer.sent == peer.answer.size());
  }

  void end(Peer& peer) {
    close(peer.socket.release());
    ++counts_.cut;
  }

  void step(Peer& peer) {
    if (peer.answer.empty()) {
      std::array<char, 1'024> buffer{};
      const auto got = recv(peer.socket.fd(), buffer.data(), buffer.size(), 0);
      if (got <= 0) {
        if (got == 0 || errno != EAGAIN) end(peer);
        return;
      }
      peer.request.append(buffer.data(), static_cast<std::size_t>(got));
      const auto asked = read_metrics_request(peer.request);
      if (!asked) return;
      ++counts_.answered;
      const auto report = report_.take();
      const bool text = asked->status == 200;
      peer.answer = metrics_answer(*asked, text ? agent_metrics_text(report.get(), link_, counts_, clock_.boot_ms()) : std::string());
    }
    const auto sent = send(peer.socket.fd(), peer.answer.data() + peer.sent, peer.answer.size() - peer.sent, MSG_NOSIGNAL);
    if (sent > 0) peer.sent += static_cast<std::size_t>(sent);
    if (sent < 0 && errno != EAGAIN) end(peer);
  }

  int listening_, stop_;
  const Published<TickReport>& report_;
  const LinkCounts& link_;
  const Clock& clock_;
  std::list<Peer> peers_;  ///< the oldest first
  MetricsCounts counts_;
  std::uint64_t paused_until_ms_ = 0;
  bool newcomers_ = false;
};

Error not_there(const std::string& what) {
  return {ErrorCode::kUnavailable, "metrics.listen: " + what + ": " + std::strerror(errno)};
}

}  // namespace

Result<std::unique_ptr<MetricsListener>> MetricsListener::start(const MetricsAddress& address, const Published<TickReport>& report,
                                                                const LinkCounts& link, const Clock& clock) {
  SocketName name{};
  auto size = fill_name(address, name);
  const std::string shown = !address.path.empty() ? address.path : address.ipv6 ? "[" + address.host + "]" : address.host;
  remove_stale(address, name, size);
  OpenFile listening(socket(name.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  OpenFile stop(eventfd(0, EFD_CLOEXEC));
  if (listening.fd() < 0 || stop.fd() < 0) return not_there(shown);
  const int yes = 1;
  if (address.path.empty()) setsockopt(listening.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(listening.fd(), &name.any, size) != 0) return not_there(shown);
  if (!address.path.empty()) chmod(address.path.c_str(), 0660);  // the service's umask leaves its group out
  if (listen(listening.fd(), static_cast<int>(kMost)) != 0) return not_there(shown);
  std::unique_ptr<MetricsListener> made(new MetricsListener(listening.release(), stop.release()));
  made->path_ = address.path;
  made->where_ = shown;
  if (address.path.empty() && getsockname(made->listening_.fd(), &name.any, &size) == 0) {
    made->where_ += ":" + std::to_string(ntohs(address.ipv6 ? name.six.sin6_port : name.four.sin_port));
  }
  made->thread_ = std::jthread([listening = made->listening_.fd(), stop = made->stop_.fd(), &report, &link, &clock] {
    Serving(listening, stop, report, link, clock).run();
  });
  return made;
}

MetricsListener::~MetricsListener() {
  eventfd_write(stop_.fd(), 1);
  if (thread_.joinable()) thread_.join();
  if (!path_.empty()) unlink(path_.c_str());
}

}  // namespace capmap
