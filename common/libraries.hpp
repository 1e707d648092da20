#pragma once
#include "common/result.hpp"

namespace capmap {

/// Whether the libzmq this program runs with may be used at all: older than 4.3.3 a stranger can write beyond a buffer before any
/// handshake (CVE-2020-15166). Called at the start of each service. Errors: kUnavailable, naming what is there and what is needed.
Result<Done> check_libraries();

/// The same of any version.
Result<Done> check_zmq_version(int major, int minor, int patch);

}  // namespace capmap
