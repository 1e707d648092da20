#include "common/transport.hpp"

#include <sys/socket.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/check.hpp"
#include "common/ids.hpp"
#include "common/join_token.hpp"
#include "common/tsan.hpp"

namespace capmap {
namespace {

constexpr int kSoonMs = 60'000;  ///< unacknowledged bytes end a connection after this
constexpr int kKeepaliveIdleS = 60, kKeepaliveEveryS = 15, kKeepaliveTries = 4;
constexpr int kConnectMs = 10'000;
constexpr int kMaxFrames = 64;
constexpr int kZapEnforceDomain = 93;  ///< no ZAP handler, no connection; zmq.h names it in draft builds only, the library always knows it
constexpr std::size_t kMaxWaitables = 8;

Error socket_error(const std::string& place) {
  const int number = zmq_errno();
  const std::string what = place + ": " + zmq_strerror(number);
  switch (number) {
    case EACCES:
    case EPERM: return {ErrorCode::kDenied, what + " (a port below 1024 needs CAP_NET_BIND_SERVICE)"};
    case EINVAL:
    case EPROTONOSUPPORT: return {ErrorCode::kMalformed, what};
    case EMFILE:
    case ENFILE: return {ErrorCode::kFull, what + " (raise LimitNOFILE)"};
    case EADDRINUSE: return {ErrorCode::kUnavailable, place + ": the port is in use by another program"};
    case EADDRNOTAVAIL:
    case ENODEV: return {ErrorCode::kUnavailable, place + ": this machine has no such address"};
    default: return {ErrorCode::kUnavailable, what};
  }
}

/// What a call on a socket says by errno; `again` is what "would block" means there.
Error call_error(ErrorCode again, const char* what_again) {
  const int number = zmq_errno();
  if (number == EAGAIN) return {again, what_again};
  return {ErrorCode::kUnavailable, zmq_strerror(number)};
}

Result<zmq::socket_t> make_socket(zmq::context_t& context, zmq::socket_type type) {
  try {
    return zmq::socket_t(context, type);
  } catch (const zmq::error_t& error) {
    return Error{error.num() == EMFILE ? ErrorCode::kFull : ErrorCode::kUnavailable, std::string("socket: ") + error.what()};
  }
}

bool set(zmq::socket_t& socket, int option, int value) {
  return zmq_setsockopt(socket.handle(), option, &value, sizeof value) == 0;
}
bool set(zmq::socket_t& socket, int option, const std::string& text) {
  return zmq_setsockopt(socket.handle(), option, text.data(), text.size()) == 0;
}
bool set_key(zmq::socket_t& socket, int option, const std::string& z85) {
  return zmq_setsockopt(socket.handle(), option, z85.c_str(), z85.size() + 1) == 0;  // libzmq takes the terminating zero for "Z85"
}

/// Options every TCP socket of ours has. No ZMTP heartbeats: they cost 12% of a core on 5,000 connections, and our own messages and
/// TCP's keepalive find a dead peer just as well.
bool set_tcp_options(zmq::socket_t& socket) {
  const std::pair<int, int> options[] = {{ZMQ_IPV6, 1},
                                         {ZMQ_LINGER, 0},
                                         {ZMQ_SNDHWM, kTransportHighWater},
                                         {ZMQ_RCVHWM, kTransportHighWater},
                                         {ZMQ_HANDSHAKE_IVL, kTransportHandshakeMs},
                                         {ZMQ_TCP_KEEPALIVE, 1},
                                         {ZMQ_TCP_KEEPALIVE_IDLE, kKeepaliveIdleS},
                                         {ZMQ_TCP_KEEPALIVE_INTVL, kKeepaliveEveryS},
                                         {ZMQ_TCP_KEEPALIVE_CNT, kKeepaliveTries},
                                         {ZMQ_TCP_MAXRT, kSoonMs}};
  bool all = true;
  for (const auto& [option, value] : options) all = set(socket, option, value) && all;
  const auto max_bytes = std::int64_t{kTransportMaxMessageBytes};
  return zmq_setsockopt(socket.handle(), ZMQ_MAXMSGSIZE, &max_bytes, sizeof max_bytes) == 0 && all;
}

bool set_dealer_options(zmq::socket_t& socket, const DealerOptions& options) {
  const int jitter_ms = static_cast<int>(random_u64() % (2 * kTransportReconnectMs));
  return set_tcp_options(socket) && set(socket, ZMQ_HANDSHAKE_IVL, options.handshake_ms) &&
         set(socket, ZMQ_RECONNECT_IVL, kTransportReconnectMs + jitter_ms) &&
         set(socket, ZMQ_RECONNECT_IVL_MAX, kTransportReconnectMaxMs) && set(socket, ZMQ_CONNECT_TIMEOUT, kConnectMs) &&
         set_key(socket, ZMQ_CURVE_SERVERKEY, options.server_public_key) && set_key(socket, ZMQ_CURVE_PUBLICKEY, options.keys.public_key) &&
         set_key(socket, ZMQ_CURVE_SECRETKEY, options.keys.secret_key) && (!options.ipv4_only || set(socket, ZMQ_IPV6, 0));
}

/// A handshake costs half a millisecond of one core: when thousands of agents come at once the last ones wait for seconds. A listener that
/// gave up as early as a caller does would throw away work half done, again and again, and let nobody in.
constexpr int kAcceptHandshakeMs = kTransportHandshakeMaxMs;

/// ROUTER_MANDATORY: an answer to a peer that is gone is told, not dropped. No ROUTER_HANDOVER: our agents choose no routing id, so
/// each connection has a fresh one; with handover a peer that chooses another's would throw that one out.
bool set_router_options(zmq::socket_t& socket, const RouterOptions& options) {
  return set_tcp_options(socket) && set(socket, ZMQ_HANDSHAKE_IVL, kAcceptHandshakeMs) && set(socket, ZMQ_BACKLOG, kTransportBacklog) &&
         set(socket, ZMQ_ROUTER_MANDATORY, 1) && set(socket, ZMQ_ROUTER_HANDOVER, 0) && set(socket, ZMQ_CURVE_SERVER, 1) &&
         set_key(socket, ZMQ_CURVE_SECRETKEY, options.keys.secret_key) && set(socket, ZMQ_ZAP_DOMAIN, options.zap_domain) &&
         set(socket, kZapEnforceDomain, 1);
}

bool is_tcp_endpoint(const std::string& endpoint) {
  constexpr std::string_view kScheme = "tcp://";
  return endpoint.starts_with(kScheme) && endpoint.rfind(':') > kScheme.size() && endpoint.rfind(':') != std::string::npos;
}

Result<zmq::socket_t> make_dealer(zmq::context_t& context, const DealerOptions& options) {
  if (!is_tcp_endpoint(options.endpoint) || port_of(options.endpoint) == 0) {
    return Error{ErrorCode::kMalformed, "\"" + options.endpoint + "\" is not an endpoint like tcp://host:8471"};
  }
  if (!is_z85_key(options.server_public_key)) {
    return Error{ErrorCode::kMalformed, "the controller's public key is not 40 characters of Z85"};
  }
  auto socket = make_socket(context, zmq::socket_type::dealer);
  if (socket && !set_dealer_options(*socket, options)) {
    return Error{ErrorCode::kMalformed, options.endpoint + ": this machine's keys are not CURVE keys"};
  }
  return socket;
}

Result<zmq::socket_t> open_pipe(zmq::context_t& context, zmq::socket_type type, const std::string& name, int high_water) {
  auto socket = make_socket(context, type);
  if (!socket) return socket;
  const bool reads = type == zmq::socket_type::pull;
  // A sender's own queue is what is left when its thread ends: what it was allowed to send still arrives.
  const bool set_all =
      set(*socket, ZMQ_LINGER, reads ? 0 : -1) && set(*socket, ZMQ_SNDHWM, high_water) && set(*socket, ZMQ_RCVHWM, high_water);
  const int rc = !set_all ? -1 : reads ? zmq_bind(socket->handle(), name.c_str()) : zmq_connect(socket->handle(), name.c_str());
  if (rc != 0) return socket_error(name);
  return socket;
}

/// Takes one frame. errno as zmq_msg_recv.
bool take_frame(zmq::socket_t& socket, zmq::message_t& frame, int flags) {
  int rc = -1;
  do {
    rc = zmq_msg_recv(frame.handle(), socket.handle(), flags);
  } while (rc < 0 && zmq_errno() == EINTR);
  if (rc >= 0) take_over(frame.data());
  return rc >= 0;
}

bool put_frame(zmq::socket_t& socket, zmq::message_t frame, int flags) {
  hand_over(frame.data());
  int rc = -1;
  do {
    rc = zmq_msg_send(frame.handle(), socket.handle(), flags);
  } while (rc < 0 && zmq_errno() == EINTR);
  return rc >= 0;
}

bool put_frame(zmq::socket_t& socket, std::span<const std::byte> bytes, int flags) {
  return put_frame(socket, zmq::message_t(bytes.data(), bytes.size()), flags);
}

/// Reads the rest of a message away; frames of one message arrive together, so this never waits. True when there was any.
bool drain(zmq::socket_t& socket, const zmq::message_t& last) {
  if (!last.more()) return false;
  zmq::message_t frame;
  while (take_frame(socket, frame, ZMQ_DONTWAIT) && frame.more()) {
  }
  return true;
}

bool wait_readable(zmq::socket_t& socket, int timeout_ms) {
  Waitable item{.socket = &socket};
  return wait_any({&item, 1}, timeout_ms);
}

}  // namespace

Result<zmq::socket_t> open_dealer(zmq::context_t& context, const DealerOptions& options) {
  auto socket = make_dealer(context, options);
  if (!socket) return socket;
  if (zmq_connect(socket->handle(), options.endpoint.c_str()) != 0) return socket_error(options.endpoint);
  return socket;
}

Result<WatchedDealer> open_watched_dealer(zmq::context_t& context, const DealerOptions& options) {
  auto socket = make_dealer(context, options);
  if (!socket) return socket.error();
  auto monitor = LinkMonitor::attach(context, *socket);
  if (!monitor) return monitor.error();
  if (zmq_connect(socket->handle(), options.endpoint.c_str()) != 0) return socket_error(options.endpoint);
  return WatchedDealer(std::move(*socket), std::move(*monitor));
}

Result<zmq::socket_t> open_router(zmq::context_t& context, const RouterOptions& options) {
  if (!is_tcp_endpoint(options.endpoint)) {
    return Error{ErrorCode::kMalformed, "\"" + options.endpoint + "\" is not an endpoint like tcp://*:8471"};
  }
  auto socket = make_socket(context, zmq::socket_type::router);
  if (!socket) return socket;
  if (!set_router_options(*socket, options)) return Error{ErrorCode::kMalformed, options.endpoint + ": the server key is not a CURVE key"};
  if (zmq_bind(socket->handle(), options.endpoint.c_str()) != 0) return socket_error(options.endpoint);
  return socket;
}

std::string bound_endpoint(zmq::socket_t& socket) {
  constexpr std::string_view kMapped = "tcp://[::ffff:";  // how libzmq spells an IPv4 address on a socket that may do IPv6
  std::array<char, 256> buffer{};
  std::size_t size = buffer.size();
  if (zmq_getsockopt(socket.handle(), ZMQ_LAST_ENDPOINT, buffer.data(), &size) != 0) return {};
  const std::string text = buffer.data();
  const auto close = text.find(']');
  if (!text.starts_with(kMapped) || close == std::string::npos) return text;
  return "tcp://" + text.substr(kMapped.size(), close - kMapped.size()) + text.substr(close + 1);
}

Result<Routed> receive_routed(zmq::socket_t& router) {
  Routed routed;
  if (!take_frame(router, routed.route, ZMQ_DONTWAIT)) return call_error(ErrorCode::kTimeout, "no message waits");
  if (!routed.route.more() || !take_frame(router, routed.payload, ZMQ_DONTWAIT)) {
    routed.extra_frames = true;
    return routed;
  }
  routed.extra_frames = drain(router, routed.payload);
  if (const char* user = zmq_msg_gets(routed.payload.handle(), "User-Id")) routed.user_id = user;
  return routed;
}

std::string_view peer_address(Routed& routed) {
  constexpr std::string_view kMapped = "::ffff:";
  const char* text = routed.payload.handle() == nullptr ? nullptr : zmq_msg_gets(routed.payload.handle(), "Peer-Address");
  std::string_view address = text == nullptr ? "" : text;
  if (address.starts_with(kMapped) && address.find('.') != std::string_view::npos) address.remove_prefix(kMapped.size());
  return address;
}

void end_connection(Routed& routed) {
  const int fd = zmq_msg_get(routed.payload.handle(), ZMQ_SRCFD);
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  // libzmq closes it when it has seen the end; only a connected TCP socket is meant.
  if (fd < 0 || getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return;
  if (peer.ss_family == AF_INET || peer.ss_family == AF_INET6) shutdown(fd, SHUT_RDWR);
}

Result<Done> send_routed(zmq::socket_t& router, std::span<const std::byte> route, std::span<const std::byte> payload) {
  if (!put_frame(router, route, ZMQ_DONTWAIT | ZMQ_SNDMORE)) return call_error(ErrorCode::kFull, "the peer does not take its answers");
  if (!put_frame(router, payload, ZMQ_DONTWAIT)) return call_error(ErrorCode::kFull, "the peer does not take its answers");
  return Done{};
}

Result<zmq::message_t> receive(zmq::socket_t& socket, int timeout_ms) {
  zmq::message_t message;
  bool took = take_frame(socket, message, ZMQ_DONTWAIT);
  if (!took && zmq_errno() == EAGAIN && timeout_ms != 0) {
    wait_readable(socket, timeout_ms);
    took = take_frame(socket, message, ZMQ_DONTWAIT);
  }
  if (!took) return call_error(ErrorCode::kTimeout, "no message came in time");
  drain(socket, message);
  return message;
}

Result<Done> send(zmq::socket_t& socket, std::span<const std::byte> payload) {
  if (!put_frame(socket, payload, ZMQ_DONTWAIT)) return call_error(ErrorCode::kFull, "the queue is full");
  return Done{};
}

Result<std::vector<zmq::message_t>> receive_frames(zmq::socket_t& socket) {
  std::vector<zmq::message_t> frames(1);
  if (!take_frame(socket, frames.back(), ZMQ_DONTWAIT)) return call_error(ErrorCode::kTimeout, "no message waits");
  while (frames.back().more() && frames.size() < kMaxFrames) {
    zmq::message_t frame;
    if (!take_frame(socket, frame, ZMQ_DONTWAIT)) return call_error(ErrorCode::kTimeout, "half a message");
    frames.push_back(std::move(frame));
  }
  drain(socket, frames.back());
  return frames;
}

Result<Done> send_frames(zmq::socket_t& socket, std::span<const std::string_view> frames) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const int more = i + 1 < frames.size() ? ZMQ_SNDMORE : 0;
    if (!put_frame(socket, std::as_bytes(std::span(frames[i])), ZMQ_DONTWAIT | more)) {
      return call_error(ErrorCode::kFull, "the queue is full");
    }
  }
  return Done{};
}

Result<zmq::socket_t> open_pull(zmq::context_t& context, const std::string& name, int high_water) {
  return open_pipe(context, zmq::socket_type::pull, name, high_water);
}

Result<zmq::socket_t> open_push(zmq::context_t& context, const std::string& name, int high_water) {
  return open_pipe(context, zmq::socket_type::push, name, high_water);
}

Result<zmq::socket_t> open_pair(zmq::context_t& context, const std::string& name) {
  auto socket = make_socket(context, zmq::socket_type::pair);
  if (!socket) return socket;
  if (!set(*socket, ZMQ_LINGER, 0) || zmq_connect(socket->handle(), name.c_str()) != 0) return socket_error(name);
  return socket;
}

Result<zmq::socket_t> open_zap(zmq::context_t& context) {
  constexpr const char* kPlace = "inproc://zeromq.zap.01";
  auto socket = make_socket(context, zmq::socket_type::rep);
  if (!socket) return socket;
  if (!set(*socket, ZMQ_LINGER, 0) || !set(*socket, ZMQ_SNDHWM, 0) || !set(*socket, ZMQ_RCVHWM, 0) ||
      zmq_bind(socket->handle(), kPlace) != 0) {
    return socket_error(kPlace);
  }
  return socket;
}

Result<Done> send_message(zmq::socket_t& socket, zmq::message_t message, bool wait) {
  if (!put_frame(socket, std::move(message), wait ? 0 : ZMQ_DONTWAIT)) return call_error(ErrorCode::kFull, "the pipe is full");
  return Done{};
}

void send_stop(zmq::socket_t& socket) {
  static_cast<void>(put_frame(socket, zmq::message_t(), 0));  // only an ended context refuses it, and then the reader ends too
}

bool wait_any(std::span<Waitable> items, int timeout_ms) {
  check(items.size() <= kMaxWaitables, "too many things to wait for");
  std::array<zmq_pollitem_t, kMaxWaitables> polled{};
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].ready = false;
    polled[i].socket = items[i].socket != nullptr ? items[i].socket->handle() : nullptr;
    polled[i].fd = items[i].fd;
    polled[i].events = ZMQ_POLLIN;
  }
  const int count = zmq_poll(polled.data(), static_cast<int>(items.size()), timeout_ms);
  const bool ended = count < 0 && zmq_errno() == ETERM;  // then everything is ready, and receiving from it says why
  for (std::size_t i = 0; i < items.size(); ++i) items[i].ready = ended || (count > 0 && polled[i].revents != 0);
  return ended || count > 0;
}

}  // namespace capmap
