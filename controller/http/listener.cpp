#include "controller/http/listener.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "controller/http/guard.hpp"

namespace capmap {
namespace {

constexpr int kBacklog = 512;

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
};

bool is_address(const std::string& address) {
  in6_addr bytes{};
  return is_loopback_address(address) || address == "*" || inet_pton(AF_INET, address.c_str(), &bytes) == 1 ||
         inet_pton(AF_INET6, address.c_str(), &bytes) == 1;
}

/// `address` is one that is_address takes.
SocketAddress socket_address(const std::string& address, std::uint16_t port) {
  SocketAddress out;
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&out.bytes);
  if (inet_pton(AF_INET6, address == "*" ? "::" : address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    out.size = sizeof *v6;
    return out;
  }
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&out.bytes);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) != 1) v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(port);
  out.size = sizeof *v4;
  return out;
}

Error socket_error(int number, const std::string& address, std::uint16_t port) {
  const std::string place = "http: " + address + " port " + std::to_string(port) + ": ";
  if (number == EADDRINUSE) return {ErrorCode::kUnavailable, place + "is in use by another program; choose another http port"};
  if (number == EACCES) return {ErrorCode::kDenied, place + "may not be used without root; choose a port above 1023"};
  return {ErrorCode::kUnavailable, place + std::strerror(number)};
}

/// False with errno set when it cannot.
bool bind_and_listen(int fd, SocketAddress& where) {
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd, where.get(), where.size) == 0 && listen(fd, kBacklog) == 0 && getsockname(fd, where.get(), &where.size) == 0;
}

}  // namespace

Result<Listener> open_listener(const std::string& address, std::uint16_t port, bool guarded) {
  if (!guarded && !is_loopback_address(address)) {
    return Error{ErrorCode::kDenied,
                 "http: \"" + address +
                     "\" can be reached from other machines, and passwords, tokens and the map are not sent there in the clear: set "
                     "http.tls_certificate and http.tls_key (capmapctl tls self-signed makes a pair), or http.behind_proxy and "
                     "http.proxy_user_header where a proxy speaks TLS, or keep a loopback address and reach it through ssh -L"};
  }
  if (!is_address(address)) {
    return Error{ErrorCode::kMalformed, "http: \"" + address + "\" is no IPv4 or IPv6 address, nor localhost or *"};
  }
  SocketAddress where = socket_address(address, port);
  const int fd = socket(where.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return socket_error(errno, address, port);
  if (!bind_and_listen(fd, where)) {
    const int number = errno;
    close(fd);
    return socket_error(number, address, port);
  }
  const auto port_bytes = where.bytes.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&where.bytes)->sin6_port
                                                            : reinterpret_cast<sockaddr_in*>(&where.bytes)->sin_port;
  return Listener{.fd = fd, .port = ntohs(port_bytes)};
}

}  // namespace capmap
