#include "common/transport.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/check.hpp"

#if defined(__SANITIZE_THREAD__)
#define CAPMAP_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CAPMAP_TSAN 1
#endif
#endif
#ifdef CAPMAP_TSAN
// libzmq is not instrumented: tell ThreadSanitizer that a pipe orders what was written before send and read after receive.
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace capmap {
namespace {

void mark_sent([[maybe_unused]] void* object) {
#ifdef CAPMAP_TSAN
  __tsan_release(object);
#endif
}

void mark_received([[maybe_unused]] void* object) {
#ifdef CAPMAP_TSAN
  __tsan_acquire(object);
#endif
}

Error transport_error(const std::string& where, int number) {
  ErrorCode code = ErrorCode::kUnavailable;
  const char* fix = "";
  switch (number) {
    case EINVAL:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT: code = ErrorCode::kMalformed, fix = ": is it tcp://host:port, with [ ] around IPv6?"; break;
    case EADDRINUSE: fix = ": the port is in use by another program; choose another or end that one"; break;
    case EADDRNOTAVAIL:
    case ENODEV: fix = ": this machine has no such address"; break;
    case EACCES: code = ErrorCode::kDenied, fix = ": ports below 1024 need rights this program does not have"; break;
    case EMFILE:
    case ENFILE: code = ErrorCode::kFull, fix = ": out of descriptors, raise LimitNOFILE"; break;
    default: break;
  }
  return Error{code, where + ": " + zmq_strerror(number) + fix};
}

/// What every TCP socket of ours has in common.
void set_tcp_options(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::ipv6, true);
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::maxmsgsize, std::int64_t{kTransportMaxMessageBytes});
  socket.set(zmq::sockopt::sndhwm, kTransportHighWater);
  socket.set(zmq::sockopt::rcvhwm, kTransportHighWater);
  socket.set(zmq::sockopt::handshake_ivl, kTransportHandshakeMs);
  // A dead peer is noticed without traffic of our own: probes after 2 minutes of silence, and unanswered data within a minute.
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, 120);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, 30);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, 4);
  socket.set(zmq::sockopt::tcp_maxrt, 60'000);
}

/// A different number for each socket, so that a fleet that lost its controller does not return in one wave.
int jittered_reconnect_ms(const void* socket) {
  const auto bits = reinterpret_cast<std::uintptr_t>(socket) >> 4;
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return kTransportReconnectMs + static_cast<int>((bits ^ static_cast<std::uintptr_t>(now.tv_nsec)) % kTransportReconnectMs);
}

}  // namespace

Result<zmq::socket_t> make_dealer(zmq::context_t& context, const DealerOptions& options) {
  for (const auto* key : {&options.server_public_key, &options.keys.public_key, &options.keys.secret_key}) {
    if (!is_z85_key(*key)) return Error{ErrorCode::kMalformed, options.endpoint + ": a key is not 40 characters of Z85"};
  }
  try {
    zmq::socket_t socket(context, zmq::socket_type::dealer);
    set_tcp_options(socket);
    socket.set(zmq::sockopt::immediate, true);  // nothing is queued for a controller that is not there: it would be old when it arrives
    socket.set(zmq::sockopt::reconnect_ivl, jittered_reconnect_ms(socket.handle()));
    socket.set(zmq::sockopt::reconnect_ivl_max, kTransportReconnectMaxMs);
    socket.set(zmq::sockopt::connect_timeout, 10'000);
    socket.set(zmq::sockopt::curve_serverkey, options.server_public_key);
    socket.set(zmq::sockopt::curve_publickey, options.keys.public_key);
    socket.set(zmq::sockopt::curve_secretkey, options.keys.secret_key);
    return socket;
  } catch (const zmq::error_t& error) {
    return transport_error(options.endpoint, error.num());
  }
}

Result<Done> start_connecting(zmq::socket_t& dealer, const std::string& endpoint) {
  if (zmq_connect(dealer.handle(), endpoint.c_str()) != 0) return transport_error(endpoint, zmq_errno());
  return Done{};
}

Result<zmq::socket_t> open_dealer(zmq::context_t& context, const DealerOptions& options) {
  auto dealer = make_dealer(context, options);
  if (!dealer) return dealer;
  if (auto started = start_connecting(*dealer, options.endpoint); !started) return started.error();
  return dealer;
}

Result<zmq::socket_t> open_router(zmq::context_t& context, const RouterOptions& options) {
  if (!is_z85_key(options.keys.secret_key))
    return Error{ErrorCode::kMalformed, options.endpoint + ": the server key is not 40 characters of Z85"};
  try {
    zmq::socket_t socket(context, zmq::socket_type::router);
    set_tcp_options(socket);
    socket.set(zmq::sockopt::backlog, kTransportBacklog);
    // An answer to a peer that is gone is an error, not a silent loss. No handover: routing ids are the peer's choice, and one that
    // takes another's must not get its answers; it stays mute itself.
    socket.set(zmq::sockopt::router_mandatory, true);
    socket.set(zmq::sockopt::curve_server, true);
    socket.set(zmq::sockopt::curve_secretkey, options.keys.secret_key);
    socket.set(zmq::sockopt::zap_domain, options.zap_domain);
    socket.bind(options.endpoint);
    return socket;
  } catch (const zmq::error_t& error) {
    return transport_error(options.endpoint, error.num());
  }
}

std::string bound_endpoint(zmq::socket_t& socket) {
  return socket.get(zmq::sockopt::last_endpoint);
}

Result<Routed> receive_routed(zmq::socket_t& router) {
  Routed routed;
  const auto take = [&router](zmq::message_t& frame) {
    int got = 0;
    do got = zmq_msg_recv(frame.handle(), router.handle(), ZMQ_DONTWAIT);
    while (got < 0 && zmq_errno() == EINTR);
    return got >= 0;
  };
  if (!take(routed.route)) {
    const int number = zmq_errno();
    return number == EAGAIN ? Error{ErrorCode::kTimeout, "no message waits"} : transport_error("receive", number);
  }
  if (!routed.route.more() || !take(routed.payload)) return Error{ErrorCode::kMalformed, "a message without a payload"};
  zmq::message_t extra;
  for (bool more = routed.payload.more(); more; more = extra.more()) {  // libzmq hands over whole messages only: this ends
    routed.extra_frames = true;
    if (!take(extra)) break;
  }
  if (const char* user = zmq_msg_gets(routed.payload.handle(), "User-Id")) routed.user_id = user;
  return routed;
}

Result<Done> send_routed(zmq::socket_t& router, std::span<const std::byte> route, std::span<const std::byte> payload) {
  if (zmq_send(router.handle(), route.data(), route.size(), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
      zmq_send(router.handle(), payload.data(), payload.size(), ZMQ_DONTWAIT) >= 0) {
    return Done{};
  }
  const int number = zmq_errno();
  if (number == EAGAIN) return Error{ErrorCode::kFull, "the peer's queue is full"};
  return Error{ErrorCode::kUnavailable, "the peer is gone"};
}

Result<zmq::message_t> receive(zmq::socket_t& socket, int timeout_ms) {
  std::array item = {Waitable{.socket = &socket}};
  if (timeout_ms != 0) wait_any(item, timeout_ms);
  zmq::message_t message;
  if (zmq_msg_recv(message.handle(), socket.handle(), ZMQ_DONTWAIT) >= 0) return message;
  const int number = zmq_errno();
  if (number == EAGAIN || number == EINTR) return Error{ErrorCode::kTimeout, "no message within " + std::to_string(timeout_ms) + " ms"};
  return transport_error("receive", number);
}

Result<Done> send(zmq::socket_t& socket, std::span<const std::byte> payload) {
  if (zmq_send(socket.handle(), payload.data(), payload.size(), ZMQ_DONTWAIT) >= 0) return Done{};
  const int number = zmq_errno();
  if (number == EAGAIN) return Error{ErrorCode::kFull, "not connected, or the queue is full"};
  return transport_error("send", number);
}

bool wait_any(std::span<Waitable> items, int timeout_ms) {
  std::array<zmq_pollitem_t, 16> polled{};
  check(items.size() <= polled.size(), "wait_any: more than 16 things to wait for");
  for (std::size_t i = 0; i < items.size(); ++i) {
    polled[i] = {
        .socket = items[i].socket == nullptr ? nullptr : items[i].socket->handle(), .fd = items[i].fd, .events = ZMQ_POLLIN, .revents = 0};
    items[i].ready = false;
  }
  if (zmq_poll(polled.data(), static_cast<int>(items.size()), timeout_ms) <= 0) return false;
  for (std::size_t i = 0; i < items.size(); ++i) items[i].ready = (polled[i].revents & (ZMQ_POLLIN | ZMQ_POLLERR)) != 0;
  return true;
}

namespace {

Result<zmq::socket_t> open_pipe(zmq::context_t& context, zmq::socket_type type, const std::string& name, int high_water) {
  try {
    zmq::socket_t socket(context, type);
    socket.set(zmq::sockopt::sndhwm, high_water);
    socket.set(zmq::sockopt::rcvhwm, high_water);
    socket.set(zmq::sockopt::linger, 1'000);
    if (type == zmq::socket_type::pull) {
      socket.bind(name);
    } else {
      socket.connect(name);
    }
    return socket;
  } catch (const zmq::error_t& error) {
    return transport_error(name, error.num());
  }
}

}  // namespace

Result<zmq::socket_t> open_pull(zmq::context_t& context, const std::string& name, int high_water) {
  return open_pipe(context, zmq::socket_type::pull, name, high_water);
}
Result<zmq::socket_t> open_push(zmq::context_t& context, const std::string& name, int high_water) {
  return open_pipe(context, zmq::socket_type::push, name, high_water);
}

Result<Done> send_pointer(zmq::socket_t& socket, void* object, bool wait) {
  mark_sent(object);
  int sent = 0;
  do sent = zmq_send(socket.handle(), &object, sizeof object, wait ? 0 : ZMQ_DONTWAIT);
  while (sent < 0 && zmq_errno() == EINTR);
  if (sent >= 0) return Done{};
  const int number = zmq_errno();
  if (number == EAGAIN) return Error{ErrorCode::kFull, "the pipe is full"};
  return transport_error("pipe", number);
}

Result<void*> receive_pointer(zmq::socket_t& socket, int timeout_ms) {
  auto message = receive(socket, timeout_ms);
  if (!message) return message.error();
  if (message->size() == 0) return static_cast<void*>(nullptr);
  check(message->size() == sizeof(void*), "a pipe of objects carried something else");
  void* object = nullptr;
  std::memcpy(&object, message->data(), sizeof object);
  mark_received(object);
  return object;
}

void send_stop(zmq::socket_t& socket) {
  while (zmq_send(socket.handle(), "", 0, 0) < 0 && zmq_errno() == EINTR) {
  }
}

}  // namespace capmap
