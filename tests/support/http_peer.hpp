#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace capmap::support {

/// One TCP connection to a port of this machine, for tests that want to choose every byte.
class Peer {
 public:
  explicit Peer(std::uint16_t port);
  ~Peer();
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  /// False when the other side has closed.
  bool say(std::string_view bytes);
  /// As much of it as goes without waiting.
  void say_some(std::string_view bytes) const;
  /// What comes until `enough` bytes, the end of the connection or silence of limit_ms.
  std::string hear(std::size_t enough = SIZE_MAX, int limit_ms = 10'000);
  /// True once hear() met the end of the connection.
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  int fd_;
  bool connected_ = false, closed_ = false;
};

struct Reply {
  int status = 0;                              ///< 0 = no HTTP came back
  std::map<std::string, std::string> headers;  ///< names as sent
  std::string body;
};

/// Discarded where it is no JSON.
nlohmann::json body_of(const Reply& reply);

Reply parse_reply(const std::string& bytes);

/// One request on a connection of its own. `headers` are whole lines, each with its CRLF; Host is sent unless they have one.
Reply request(std::uint16_t port, const std::string& method, const std::string& target, const std::string& headers = {},
              const std::string& body = {});

Reply get(std::uint16_t port, const std::string& target, const std::string& headers = {});

/// A change as an admin sends it; more header lines may follow.
Reply post(std::uint16_t port, const std::string& target, const std::string& body, const std::string& token,
           const std::string& headers = {});

}  // namespace capmap::support
