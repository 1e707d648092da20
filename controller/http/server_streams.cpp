// How connections come in, and answers that go on.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "controller/http/server_native.hpp"

namespace capmap {
namespace {

constexpr int kLetInATurn = 64;
constexpr std::uint64_t kNoDescriptorMs = 5;  ///< then it is tried again: whoever floods another port takes each that is freed at once
constexpr int kSendBytes = 32'768;            ///< of a stream that the kernel keeps for who does not read (it takes twice as much)
constexpr unsigned kUnheardMs = 12'000;       ///< what was said and is not acknowledged by then: nobody is there any more
constexpr std::uint64_t kOfListener = 0, kOfDaemon = 1, kOfHangups = 2;
constexpr int kHangupsATurn = 256;

bool add_to(int epoll, int fd, std::uint32_t events, std::uint64_t mark) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = mark;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

bool HttpServer::State::open_gates(int listener) {
  listener_fd = listener;
  all_fd = epoll_create1(EPOLL_CLOEXEC);
  hangups_fd = epoll_create1(EPOLL_CLOEXEC);
  const auto* info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (all_fd < 0 || hangups_fd < 0 || info == nullptr) return false;
  watch_listener(true);
  return listening && add_to(all_fd, info->epoll_fd, EPOLLIN, kOfDaemon) && add_to(all_fd, hangups_fd, EPOLLIN, kOfHangups);
}

void HttpServer::State::watch_listener(bool on) {
  if (on == listening) return;
  if (on) {
    listening = add_to(all_fd, listener_fd, EPOLLIN, kOfListener);
  } else {
    epoll_ctl(all_fd, EPOLL_CTL_DEL, listener_fd, nullptr);
    listening = false;
  }
}

/// A connection that waits, or -1: none does, or no descriptor is left even with the spare ones.
int HttpServer::State::accept_one(sockaddr_storage& peer, socklen_t& size) {
  for (;;) {
    size = sizeof peer;
    const int fd = accept4(listener_fd, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) return fd;
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return -1;
    if (spares.give_up()) continue;
    no_more_until_ms = clock.boot_ms() + kNoDescriptorMs;
    return -1;
  }
}

/// While there is no room for another connection that asks, those that come wait in the kernel's queue.
void HttpServer::State::let_in() {
  const auto now_ms = clock.boot_ms();
  spares.refill();
  for (int i = 0; i < kLetInATurn && plain_connections() < kMaxConnections && now_ms >= no_more_until_ms; ++i) {
    sockaddr_storage peer{};
    socklen_t size = 0;
    const int fd = accept_one(peer, size);
    if (fd < 0) break;
    MHD_add_connection(daemon, fd, reinterpret_cast<sockaddr*>(&peer), size);  // closes it where it cannot take it
  }
  watch_listener(plain_connections() < kMaxConnections && now_ms >= no_more_until_ms);
}

MHD_Result HttpServer::State::begin_stream(Exchange& exchange, const HttpResponse& content) {
  exchange.stream = content.stream;
  MHD_Response* response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1, &State::on_fill, &exchange, nullptr);
  if (queue(exchange, response, content) != MHD_YES) return MHD_NO;
  if (const auto found = connections.find(exchange.connection); exchange.stream->lasts() && found != connections.end()) {
    const int fd = found->second.fd;
    found->second.streams = true;
    ++streaming;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBytes, sizeof kSendBytes);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnheardMs, sizeof kUnheardMs);
    // A suspended connection is in nobody's epoll: its end would show only when something is written to it.
    add_to(hangups_fd, fd, EPOLLRDHUP | EPOLLET, exchange.number);
  }
  exchange.stream->begun(exchange.number);
  return MHD_YES;
}

void HttpServer::State::end_stream(Exchange& exchange) {
  if (!exchange.stream) return;
  if (const auto found = connections.find(exchange.connection); found != connections.end() && found->second.streams) {
    found->second.streams = false;
    --streaming;
    epoll_ctl(hangups_fd, EPOLL_CTL_DEL, found->second.fd, nullptr);
  }
  std::exchange(exchange.stream, nullptr)->ended();
}

ssize_t HttpServer::State::on_fill(void* held, std::uint64_t, char* to, std::size_t most) {
  auto& exchange = *static_cast<Exchange*>(held);
  if (exchange.gone || !exchange.stream) return MHD_CONTENT_READER_END_WITH_ERROR;
  if (const auto put = exchange.stream->fill(to, most); put > 0) return static_cast<ssize_t>(put);
  if (exchange.stream->over()) return MHD_CONTENT_READER_END_OF_STREAM;
  exchange.resting = true;
  MHD_suspend_connection(exchange.connection);
  return 0;
}

void HttpServer::State::wake(std::uint64_t number) {
  const auto found = exchanges.find(number);
  if (found == exchanges.end() || !std::exchange(found->second->resting, false)) return;
  MHD_resume_connection(found->second->connection);
}

void HttpServer::State::look_at_hangups() {
  std::array<epoll_event, kHangupsATurn> events{};
  const int count = epoll_wait(hangups_fd, events.data(), kHangupsATurn, 0);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t number = events[static_cast<std::size_t>(i)].data.u64;  // no reference: the kernel packs what it says
    const auto found = exchanges.find(number);
    if (found == exchanges.end()) continue;
    found->second->gone = true;
    wake(found->first);
  }
}

}  // namespace capmap
