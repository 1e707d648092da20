#pragma once
#include <cstdint>
#include <string>

#include "common/result.hpp"

namespace capmap {

struct Listener {
  int fd = -1;  ///< listening, non-blocking; the taker closes it
  std::uint16_t port = 0;
};

/// Listens on a loopback address (an IPv4 or IPv6 address, or "localhost", which is 127.0.0.1). Port 0: any free one.
/// Errors: kDenied (not a loopback address, and why; a port below 1024), kUnavailable (port in use: says which).
Result<Listener> open_listener(const std::string& address, std::uint16_t port);

}  // namespace capmap
