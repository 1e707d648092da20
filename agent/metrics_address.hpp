#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.hpp"

namespace capmap {

/// Where an agent tells its own metrics, and nowhere but on this machine.
struct MetricsAddress {
  std::string path;        ///< of a Unix socket; empty: a port
  bool ipv6 = false;       ///< ::1, not in 127.0.0.0/8
  std::string host;        ///< "127.0.0.1"
  std::uint16_t port = 0;  ///< 0 = a free one
};

/// "127.0.0.1:9101", "[::1]:9101" or an absolute path. Errors: kMalformed naming the setting and what would be right, for an address that
/// others could reach, a name (they are looked up nowhere), and a path that is too long for a socket. Pure.
Result<MetricsAddress> parse_metrics_address(std::string_view text);

}  // namespace capmap
