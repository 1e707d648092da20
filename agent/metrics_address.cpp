#include "agent/metrics_address.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>

#include "agent/fields.hpp"

namespace capmap {
namespace {

Error wrong(std::string_view text, const char* why) {
  return {ErrorCode::kMalformed, "metrics.listen: \"" + std::string(text) + "\" " + why +
                                     ": an address of this machine with a port (127.0.0.1:9101, [::1]:9101), or a socket's absolute path"};
}

}  // namespace

Result<MetricsAddress> parse_metrics_address(std::string_view text) {
  MetricsAddress address;
  if (text.starts_with('/')) {
    if (text.size() >= sizeof(sockaddr_un::sun_path)) return wrong(text, "is too long for a socket");
    address.path = text;
    return address;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong(text, "has no port");
  const auto digits = text.substr(colon + 1);
  const auto port = digits.size() <= 5 ? to_number(digits) : std::nullopt;
  if (!port || *port > 65'535) return wrong(text, "has no port");
  address.port = static_cast<std::uint16_t>(*port);
  auto host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    address.ipv6 = true;
  }
  address.host = host;
  in_addr four{};
  in6_addr six{};
  if (inet_pton(address.ipv6 ? AF_INET6 : AF_INET, address.host.c_str(), address.ipv6 ? static_cast<void*>(&six) : &four) != 1) {
    return wrong(text, "is no address");
  }
  const bool here = address.ipv6 ? IN6_IS_ADDR_LOOPBACK(&six) : (ntohl(four.s_addr) >> 24) == 127;
  if (!here) return wrong(text, "could be reached by others, and asks nobody who they are");
  return address;
}

}  // namespace capmap
