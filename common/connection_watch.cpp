#include "common/connection_watch.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <zmq.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostEvents = 100'000;  ///< a turn: what else comes waits for the next one
constexpr int kMostDescriptors = 1 << 20;
constexpr std::uint64_t kNoLongerYoungMs = 60'000;  ///< a listener gives a handshake half of that
/// Greeting and HELLO of a CURVE peer. Who has no public key of ours cannot make a HELLO, and one that is wrong ends its connection.
constexpr std::uint64_t kHalfHandshakeBytes = 64 + 202;

int local_port(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  return 0;
}

/// Absent: no TCP connection, or a kernel before 4.1.
std::optional<tcp_info> tcp_info_of(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  if (size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return std::nullopt;
  return info;
}

bool has_unread(int descriptor) {
  int bytes = 0;
  return ioctl(descriptor, FIONREAD, &bytes) == 0 && bytes > 0;
}

}  // namespace

Result<ConnectionWatch> ConnectionWatch::open(zmq::context_t& context, const std::string& name) {
  auto pair = open_pair(context, name);
  if (!pair) return pair.error();
  return ConnectionWatch(std::move(*pair));
}

std::uint64_t ConnectionWatch::count(std::uint64_t now_ms) {
  for (std::size_t i = 0; i < kMostEvents; ++i) {
    const auto message = receive(pair_, 0);
    if (!message) return open_;
    std::uint16_t event = 0;
    std::uint32_t value = 0;
    if (message->size() < sizeof event + sizeof value) continue;
    std::memcpy(&event, message->data(), sizeof event);
    std::memcpy(&value, static_cast<const char*>(message->data()) + sizeof event, sizeof value);
    const auto descriptor = static_cast<int>(value);
    if (event == ZMQ_EVENT_ACCEPTED) {
      ++open_;
      accepted(descriptor, now_ms);
    }
    if (event != ZMQ_EVENT_DISCONNECTED) continue;
    if (open_ > 0) --open_;
    ++ended_;
    if (descriptor >= 0 && static_cast<std::size_t>(descriptor) < number_of_.size()) number_of_[static_cast<std::size_t>(descriptor)] = 0;
  }
  return open_;
}

void ConnectionWatch::accepted(int descriptor, std::uint64_t now_ms) {
  if (descriptor < 0 || descriptor >= kMostDescriptors) return;
  const auto place = static_cast<std::size_t>(descriptor);
  if (place >= number_of_.size()) number_of_.resize(place + 1);
  if (number_of_[place] != 0) {  // a listener that is closed takes its connections along and tells nobody
    --open_;
    ++ended_;
  }
  number_of_[place] = ++accepted_;
  // By then libzmq's own deadline has ended it, or it is no stranger.
  while (!young_.empty() && now_ms >= young_.front().accepted_ms + kNoLongerYoungMs) young_.pop_front();
  young_.push_back({.descriptor = descriptor, .port = local_port(descriptor), .accepted_ms = now_ms, .number = accepted_});
}

std::optional<ConnectionWatch::Said> ConnectionWatch::said_by_stranger(const Young& one) const {
  if (number_of_[static_cast<std::size_t>(one.descriptor)] != one.number || local_port(one.descriptor) != one.port) return std::nullopt;
  const auto info = tcp_info_of(one.descriptor);
  if (!info || info->tcpi_bytes_received >= kHalfHandshakeBytes) return std::nullopt;  // counted when they have come, read or not
  return Said{.bytes = info->tcpi_bytes_received, .waiting_ms = has_unread(one.descriptor) ? 0 : info->tcpi_last_data_sent};
}

std::uint64_t ConnectionWatch::strangers() {
  std::erase_if(young_, [this](const Young& one) { return !said_by_stranger(one); });
  return young_.size();
}

std::uint64_t ConnectionWatch::end_strangers(std::uint64_t now_ms, const Patience& patience, std::uint64_t most) {
  std::uint64_t ended = 0;
  std::deque<Young> left;
  for (const auto& one : young_) {
    const auto age_ms = now_ms - std::min(now_ms, one.accepted_ms);
    if (ended >= most || age_ms < std::min(patience.silent_ms, patience.slow_ms)) {
      left.push_back(one);
      continue;
    }
    const auto said = said_by_stranger(one);
    if (!said) continue;
    if (said->bytes == 0 ? age_ms < patience.silent_ms : said->waiting_ms < patience.slow_ms) {
      left.push_back(one);
      continue;
    }
    shutdown(one.descriptor, SHUT_RDWR);
    ++ended;
  }
  young_ = std::move(left);
  return ended;
}

Result<Done> watch_connections(zmq::socket_t& listener, const std::string& name) {
  if (zmq_socket_monitor(listener.handle(), name.c_str(), ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) == 0) return Done{};
  return Error{ErrorCode::kUnavailable, std::string("monitor: ") + zmq_strerror(zmq_errno())};
}

}  // namespace capmap
