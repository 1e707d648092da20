#include "common/connection_watch.hpp"

#include <zmq.h>

#include <cstring>

#include "common/transport.hpp"

namespace capmap {

Result<ConnectionWatch> ConnectionWatch::open(zmq::context_t& context, const std::string& name) {
  auto pair = open_pair(context, name);
  if (!pair) return pair.error();
  return ConnectionWatch(std::move(*pair));
}

std::uint64_t ConnectionWatch::count() {
  for (;;) {
    const auto message = receive(pair_, 0);
    if (!message) return open_;
    std::uint16_t event = 0;
    if (message->size() < sizeof event) continue;
    std::memcpy(&event, message->data(), sizeof event);
    if (event == ZMQ_EVENT_ACCEPTED) ++open_;
    if (event == ZMQ_EVENT_DISCONNECTED && open_ > 0) --open_;
  }
}

Result<Done> watch_connections(zmq::socket_t& listener, const std::string& name) {
  if (zmq_socket_monitor(listener.handle(), name.c_str(), ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) == 0) return Done{};
  return Error{ErrorCode::kUnavailable, std::string("monitor: ") + zmq_strerror(zmq_errno())};
}

}  // namespace capmap
