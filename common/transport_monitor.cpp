#include <zmq.h>

#include <cstring>
#include <string>

#include "common/clock.hpp"
#include "common/ids.hpp"
#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr int kWatched = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                         ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

constexpr std::uint64_t kHangMs = kTransportHandshakeMs / 2;

struct RawEvent {
  std::uint16_t event = 0;
  std::uint32_t value = 0;
};

RawEvent parse(const zmq::message_t& message) {
  RawEvent raw;
  if (message.size() < sizeof raw.event + sizeof raw.value) return raw;
  const auto* bytes = static_cast<const std::byte*>(message.data());
  std::memcpy(&raw.event, bytes, sizeof raw.event);
  std::memcpy(&raw.value, bytes + sizeof raw.event, sizeof raw.value);
  return raw;
}

std::string protocol_detail(std::uint32_t value) {
  if (value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH) return "what listens there does not speak CURVE";
  return "what listens there does not speak as a controller does";
}

}  // namespace

Result<LinkMonitor> LinkMonitor::attach(zmq::context_t& context, zmq::socket_t& socket) {
  const std::string name = "inproc://monitor-" + std::to_string(random_u64());
  if (zmq_socket_monitor(socket.handle(), name.c_str(), kWatched) != 0) {
    return Error{ErrorCode::kUnavailable, std::string("monitor: ") + zmq_strerror(zmq_errno())};
  }
  auto pair = open_pair(context, name);
  if (!pair) return pair.error();
  return LinkMonitor(std::move(*pair));
}

WatchedDealer::~WatchedDealer() {
  if (dealer.handle() != nullptr) zmq_socket_monitor(dealer.handle(), nullptr, 0);
}

LinkEvent LinkMonitor::next(std::string& detail) {
  const auto message = receive(pair_, 0);
  if (!message) return LinkEvent::kNone;
  const auto [event, value] = parse(*message);
  const std::uint64_t now_ms = SystemClock().boot_ms();
  detail.clear();
  switch (event) {
    case ZMQ_EVENT_CONNECTED: connected_ms_ = now_ms; return LinkEvent::kConnected;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return LinkEvent::kReady;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      detail = "this key is revoked (the controller answers " + std::to_string(value) + ")";
      return LinkEvent::kRefused;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: detail = protocol_detail(value); return LinkEvent::kHandshakeFailed;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      // A temporary refusal (ZAP 300) is told to nobody: the handshake just hangs. Bytes the server cannot read end it at once.
      if (now_ms >= connected_ms_ + kHangMs) {
        detail = "the controller does not know this key, or is overloaded";
        return LinkEvent::kRefused;
      }
      detail = "the connection was closed during the handshake";
      return LinkEvent::kHandshakeFailed;
    case ZMQ_EVENT_CONNECT_RETRIED: return LinkEvent::kRetrying;
    default: return LinkEvent::kDisconnected;
  }
}

}  // namespace capmap
