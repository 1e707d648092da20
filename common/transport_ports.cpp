// Listeners of a ROUTER beside its first one.
#include <zmq.h>

#include <array>

#include "common/transport.hpp"

namespace capmap {

Result<std::string> bind_router_too(zmq::socket_t& router, const RouterOptions& options) {
  const auto& key = options.keys.secret_key;
  const bool set = zmq_setsockopt(router.handle(), ZMQ_CURVE_SECRETKEY, key.c_str(), key.size() + 1) == 0 &&
                   zmq_setsockopt(router.handle(), ZMQ_ZAP_DOMAIN, options.zap_domain.data(), options.zap_domain.size()) == 0;
  if (!set) return Error{ErrorCode::kMalformed, options.endpoint + ": the server key is not a CURVE key"};
  if (zmq_bind(router.handle(), options.endpoint.c_str()) != 0) {
    const int number = zmq_errno();
    return Error{number == EACCES ? ErrorCode::kDenied : ErrorCode::kUnavailable, options.endpoint + ": " + zmq_strerror(number)};
  }
  std::array<char, 256> bound{};
  std::size_t size = bound.size();
  if (zmq_getsockopt(router.handle(), ZMQ_LAST_ENDPOINT, bound.data(), &size) != 0) return options.endpoint;
  return std::string(bound.data());
}

Result<Done> unbind_router(zmq::socket_t& router, const std::string& bound) {
  if (zmq_unbind(router.handle(), bound.c_str()) == 0) return Done{};
  return Error{ErrorCode::kUnavailable, bound + ": " + zmq_strerror(zmq_errno())};
}

}  // namespace capmap
