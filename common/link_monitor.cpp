#include <cstdio>
#include <cstring>

#include "common/transport.hpp"

namespace capmap {

Result<LinkMonitor> LinkMonitor::attach(zmq::context_t& context, zmq::socket_t& socket) {
  char name[64];
  std::snprintf(name, sizeof name, "inproc://monitor-%p", socket.handle());
  if (zmq_socket_monitor(socket.handle(), name, ZMQ_EVENT_ALL) != 0) {
    return Error{ErrorCode::kUnavailable, std::string("socket monitor: ") + zmq_strerror(zmq_errno())};
  }
  try {
    zmq::socket_t pair(context, zmq::socket_type::pair);
    pair.set(zmq::sockopt::linger, 0);
    pair.connect(name);
    return LinkMonitor(std::move(pair));
  } catch (const zmq::error_t& error) {
    return Error{ErrorCode::kUnavailable, std::string("socket monitor: ") + error.what()};
  }
}

LinkEvent LinkMonitor::next(std::string& detail) {
  // Two frames: event number (u16) and value (u32), both of this machine's byte order; then the endpoint.
  for (int skipped = 0; skipped < 64; ++skipped) {
    auto head = receive(pair_, 0);
    if (!head) return LinkEvent::kNone;
    if (head->more()) static_cast<void>(receive(pair_, 0));
    if (head->size() < 6) continue;
    std::uint16_t event = 0;
    std::uint32_t value = 0;
    std::memcpy(&event, head->data(), sizeof event);
    std::memcpy(&value, static_cast<const char*>(head->data()) + sizeof event, sizeof value);
    switch (event) {
      case ZMQ_EVENT_CONNECTED: return LinkEvent::kConnected;
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return LinkEvent::kReady;
      case ZMQ_EVENT_DISCONNECTED: return LinkEvent::kDisconnected;
      case ZMQ_EVENT_CONNECT_RETRIED: return LinkEvent::kRetrying;
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: detail = "status " + std::to_string(value); return LinkEvent::kRefused;
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: detail = "protocol error " + std::to_string(value); return LinkEvent::kHandshakeFailed;
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: detail = zmq_strerror(static_cast<int>(value)); return LinkEvent::kHandshakeFailed;
      default: break;
    }
  }
  return LinkEvent::kNone;
}

}  // namespace capmap
