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
#include "common/transport.hpp"

namespace capmap {
namespace {

constexpr int kConnectMs = 3'000, kHandshakeMs = 6'000, kMostAddresses = 8;

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

Finding shake_hands(const Patient& patient, const CurveKeys& keys) {
  zmq::context_t context(1);
  auto link = open_watched_dealer(
      context,
      {.endpoint = patient.settings.controller_endpoint, .server_public_key = patient.settings.controller_public_key, .keys = keys});
  if (!link) return {"handshake", Health::kBroken, link.error().what};
  const SystemClock clock;
  const auto until_ms = clock.boot_ms() + kHandshakeMs;
  std::string detail = "no answer";
  for (auto now_ms = clock.boot_ms(); now_ms < until_ms; now_ms = clock.boot_ms()) {
    std::array items = {Waitable{.socket = &link->monitor.socket()}};
    wait_any(items, static_cast<int>(until_ms - now_ms));
    for (auto event = link->monitor.next(detail); event != LinkEvent::kNone; event = link->monitor.next(detail)) {
      if (event == LinkEvent::kReady)
        return {"handshake", Health::kWell, "the controller knows this server's key, and has the key we expect"};
      if (event == LinkEvent::kHandshakeFailed) {
        return {"handshake", Health::kBroken, "what listens there has another key than we expect: " + detail,
                "check controller.endpoint and controller.public_key, or capmap-agent join TOKEN"};
      }
      if (event == LinkEvent::kRefused)
        return {"handshake", Health::kBroken, "the controller does not know this server's key: " + detail, "capmap-agent join TOKEN"};
    }
  }
  return {"handshake", Health::kBroken, "is not done within " + std::to_string(kHandshakeMs / 1'000) + " s: " + detail,
          "the controller does not know this server's key, or is overloaded: capmapctl nodes tells there; capmap-agent join TOKEN"};
}

}  // namespace

void check_link(const Patient& patient, Findings& findings) {
  const auto place = place_of(patient.settings.controller_endpoint);
  if (place.host.empty() || !is_z85_key(patient.settings.controller_public_key)) return;  // told with the settings
  if (!check_addresses(place, findings)) return;
  const auto keys = load_curve_keys(key_path(patient.settings.state));
  if (keys) {
    findings.push_back(shake_hands(patient, *keys));
  } else if (keys.error().code == ErrorCode::kDenied) {
    findings.push_back({"handshake", Health::kNote, "needs this server's key, which is not for us to read", "run this as root"});
  }
}

}  // namespace capmap
