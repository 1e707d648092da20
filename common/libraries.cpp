#include "common/libraries.hpp"

#include <zmq.h>

#include <string>
#include <tuple>

namespace capmap {

Result<Done> check_zmq_version(int major, int minor, int patch) {
  if (std::tuple(major, minor, patch) >= std::tuple(4, 3, 3)) return Done{};
  const auto version = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  return Error{ErrorCode::kUnavailable, "libzmq " + version +
                                            " lets strangers write into this program's memory (CVE-2020-15166): install libzmq 4.3.3 or "
                                            "newer and start again"};
}

Result<Done> check_libraries() {
  int major = 0, minor = 0, patch = 0;
  zmq_version(&major, &minor, &patch);
  return check_zmq_version(major, minor, patch);
}

}  // namespace capmap
