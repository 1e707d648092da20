#pragma once
#include <cstdint>
#include <string>

#include "common/result.hpp"

namespace capmap {

struct Listener {
  int fd = -1;  ///< listening, non-blocking; the taker closes it
  std::uint16_t port = 0;
};

/// Listens on an IPv4 or IPv6 address, or "localhost", which is 127.0.0.1, or "*", which is all. Port 0: any free one. `guarded`: there is
/// TLS, or only a proxy is answered; else nothing but a loopback address will do.
/// Errors: kMalformed (no address), kDenied (not a loopback address, with what to do; a port below 1024), kUnavailable (port in use).
Result<Listener> open_listener(const std::string& address, std::uint16_t port, bool guarded);

}  // namespace capmap
