#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "agent/probe/doctor.hpp"
#include "common/clock.hpp"
#include "common/codec.hpp"
#include "common/ids.hpp"
#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr int kConnectMs = 3'000, kHandshakeMs = 6'000, kAckMs = 5'000, kMostAddresses = 8;
constexpr std::uint64_t kWellMs = 2'000, kFarMs = 60'000;  ///< within the first nobody notices; beyond the second days and orders are wrong

struct Place {
  std::string host, port;
};

/// Of "tcp://host:port" and "tcp://[v6]:port".
Place place_of(const std::string& endpoint) {
  constexpr std::size_t kScheme = 6;
  const auto colon = endpoint.rfind(':');
  if (!endpoint.starts_with("tcp://") || colon == std::string::npos || colon <= kScheme) return {};
  std::string host = endpoint.substr(kScheme, colon - kScheme);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {.host = host, .port = endpoint.substr(colon + 1)};
}

std::string text_of(const addrinfo& address) {
  std::array<char, NI_MAXHOST> text{};
  return getnameinfo(address.ai_addr, address.ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0 ? text.data() : "?";
}

/// 0 when a TCP connection comes about in time, else the error's number.
int connect_to(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  int number = connect(fd, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (number == EINPROGRESS) {
    pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
    socklen_t size = sizeof number;
    if (::poll(&waiting, 1, kConnectMs) <= 0) {
      number = ETIMEDOUT;
    } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) {
      number = errno;
    }
  }
  close(fd);
  return number;
}

/// True when one address at least takes a connection.
bool check_addresses(const Place& place, Findings& findings) {
  const addrinfo hints{.ai_flags = 0,
                       .ai_family = AF_UNSPEC,
                       .ai_socktype = SOCK_STREAM,
                       .ai_protocol = 0,
                       .ai_addrlen = 0,
                       .ai_addr = nullptr,
                       .ai_canonname = nullptr,
                       .ai_next = nullptr};
  addrinfo* first = nullptr;
  if (const int failed = getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &first); failed != 0) {
    findings.push_back({"name", Health::kBroken, place.host + ": " + gai_strerror(failed),
                        "look at /etc/resolv.conf and /etc/hosts, or name the controller by its address in controller.endpoint"});
    return false;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(first, freeaddrinfo);
  Findings refused;
  bool any = false;
  int looked_at = 0;
  for (const addrinfo* one = first; one != nullptr && looked_at < kMostAddresses; one = one->ai_next, ++looked_at) {
    const int number = connect_to(*one);
    const std::string where = text_of(*one) + " port " + place.port;
    any = any || number == 0;
    if (number == 0) {
      findings.push_back({"tcp", Health::kWell, where + " takes connections"});
    } else {
      refused.push_back({"tcp", Health::kWarning, where + ": " + std::strerror(number),
                         "is capmap-controller running there, and does no firewall between close this port?"});
    }
  }
  for (auto& finding : refused) {
    if (!any) finding.health = Health::kBroken;
    findings.push_back(std::move(finding));
  }
  return any;
}

/// What the ack of a heartbeat says of the controller's clock. The heartbeat is of a run that never said hello: the map takes nothing of
/// it.
Finding ask_time(zmq::socket_t& dealer) {
  const SystemClock clock;
  const Heartbeat heartbeat{.envelope = {.run_id = random_u64() | 1U, .seq = 1}, .shape_prefix = 0, .moved = {}};
  const auto asked_ms = clock.unix_ms();
  const auto sent = send(dealer, encode(heartbeat));
  const auto got = sent ? receive(dealer, kAckMs) : Result<zmq::message_t>(sent.error());
  const auto heard_ms = clock.unix_ms();
  const auto ack = got ? decode_ack({static_cast<const std::byte*>(got->data()), got->size()}) : Result<Ack>(got.error());
  if (!ack || ack->time_unix_ms == 0) {
    return {"skew", Health::kNote,
            "the controller did not say what time it is: " + (ack ? std::string("its acks have none") : ack.error().what)};
  }
  return skew_finding(asked_ms, ack->time_unix_ms, heard_ms);
}

void shake_hands(const KnownServer& server, const CurveKeys& keys, Findings& findings) {
  zmq::context_t context(1);
  auto link = open_watched_dealer(context, {.endpoint = server.in_use().endpoint, .server_public_key = server.in_use().key, .keys = keys});
  if (!link) return findings.push_back({"handshake", Health::kBroken, link.error().what});
  const SystemClock clock;
  const auto until_ms = clock.boot_ms() + kHandshakeMs;
  std::string detail = "no answer";
  for (auto now_ms = clock.boot_ms(); now_ms < until_ms; now_ms = clock.boot_ms()) {
    std::array items = {Waitable{.socket = &link->monitor.socket()}};
    wait_any(items, static_cast<int>(until_ms - now_ms));
    for (auto event = link->monitor.next(detail); event != LinkEvent::kNone; event = link->monitor.next(detail)) {
      if (event == LinkEvent::kReady) {
        findings.push_back({"handshake", Health::kWell, "the controller knows this server's key, and has the key we expect"});
        return findings.push_back(ask_time(link->dealer));
      }
      if (event == LinkEvent::kHandshakeFailed) {
        return findings.push_back({"handshake", Health::kBroken, "what listens there has another key than we expect: " + detail,
                                   "check controller.endpoint and controller.public_key, or capmap-agent join TOKEN"});
      }
      if (event == LinkEvent::kRefused) {
        return findings.push_back(
            {"handshake", Health::kBroken, "the controller does not know this server's key: " + detail, "capmap-agent join TOKEN"});
      }
    }
  }
  findings.push_back(
      {"handshake", Health::kBroken, "is not done within " + std::to_string(kHandshakeMs / 1'000) + " s: " + detail,
       "the controller does not know this server's key, or is overloaded: capmapctl nodes tells there; capmap-agent join TOKEN"});
}

}  // namespace

Finding skew_finding(std::uint64_t asked_unix_ms, std::uint64_t controller_unix_ms, std::uint64_t heard_unix_ms) {
  const bool behind = controller_unix_ms > heard_unix_ms, ahead = controller_unix_ms < asked_unix_ms;
  const auto off_ms = behind ? controller_unix_ms - heard_unix_ms : ahead ? asked_unix_ms - controller_unix_ms : 0;
  if (off_ms <= kWellMs) return {"skew", Health::kWell, "this clock and the controller's agree to " + std::to_string(off_ms) + " ms"};
  const std::string text = "this clock is " + std::to_string(off_ms) + " ms " + (behind ? "behind" : "ahead of") +
                           " the controller's: times of readings and benchmarks are told wrong by that";
  return {
      "skew", off_ms > kFarMs ? Health::kBroken : Health::kWarning, text,
      "see which of both is right (date -u on both), then run a time service there: systemctl enable --now systemd-timesyncd, or chronyd"};
}

void check_link(const Patient& patient, Findings& findings) {
  const auto place = place_of(patient.settings.controller_endpoint);
  if (place.host.empty() || !is_z85_key(patient.settings.controller_public_key)) return;  // told with the settings
  if (!check_addresses(place, findings)) return;
  const auto keys = load_curve_keys(key_path(patient.settings.state));
  const auto server = KnownServer::open(joined_server(patient.settings));
  if (!server) return;  // told with the files
  if (keys) {
    shake_hands(*server, *keys, findings);
  } else if (keys.error().code == ErrorCode::kDenied) {
    findings.push_back({"handshake", Health::kNote, "needs this server's key, which is not for us to read", "run this as root"});
  }
}

}  // namespace capmap
