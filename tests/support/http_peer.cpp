#include "tests/support/http_peer.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace capmap::support {

Peer::Peer(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0;
}

Peer::~Peer() {
  if (fd_ >= 0) close(fd_);
}

bool Peer::say(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Peer::say_some(std::string_view bytes) const {
  static_cast<void>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

std::string Peer::hear(std::size_t enough, int limit_ms) {
  std::string all;
  char part[65'536];
  while (all.size() < enough) {
    pollfd waits{.fd = fd_, .events = POLLIN, .revents = 0};
    if (poll(&waits, 1, limit_ms) != 1) break;
    const auto got = recv(fd_, part, sizeof part, 0);
    closed_ = got <= 0;
    if (closed_) break;
    all.append(part, static_cast<std::size_t>(got));
  }
  return all;
}

nlohmann::json body_of(const Reply& reply) {
  return nlohmann::json::parse(reply.body, nullptr, false);
}

Reply parse_reply(const std::string& bytes) {
  Reply reply;
  const auto end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.") || end == std::string::npos) return reply;
  reply.status = std::stoi(bytes.substr(9, 3));
  reply.body = bytes.substr(end + 4);
  auto at = bytes.find("\r\n") + 2;
  while (at < end) {
    const auto line_end = bytes.find("\r\n", at);
    const auto colon = bytes.find(": ", at);
    if (colon < line_end) reply.headers[bytes.substr(at, colon - at)] = bytes.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  return reply;
}

Reply request(std::uint16_t port, const std::string& method, const std::string& target, const std::string& headers,
              const std::string& body) {
  Peer peer(port);
  std::string text = method + " " + target + " HTTP/1.1\r\nConnection: close\r\n" + headers;
  if (headers.find("Host:") == std::string::npos) text += "Host: 127.0.0.1:" + std::to_string(port) + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  peer.say(text + "\r\n" + body);
  return parse_reply(peer.hear());
}

Reply get(std::uint16_t port, const std::string& target, const std::string& headers) {
  return request(port, "GET", target, headers);
}

Reply post(std::uint16_t port, const std::string& target, const std::string& body, const std::string& token, const std::string& headers) {
  return request(port, "POST", target, "Authorization: Bearer " + token + "\r\nContent-Type: application/json\r\n" + headers, body);
}

}  // namespace capmap::support
