#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "common/transport.hpp"

namespace capmap::fleet {

/// Lets servers in as a hall of them asks when it is switched on: all at the same moment, each in a connection of its own for each time it
/// asks, with the patience of the real agent (common/join_pace.hpp). Their keys in order; they are numbered from `number` on. They come
/// from so many addresses, 127.1.0.0 on; 0: from whichever the system chooses. Prints `enrolled agents=… seconds=… per_s=… questions=…
/// sent_away=… unanswered=… p50_s=… p99_s=…`. Errors: as join_all; kFull (descriptors).
Result<std::vector<CurveKeys>> join_at_once(const std::vector<std::string>& tokens, std::uint32_t number, std::uint32_t addresses);

}  // namespace capmap::fleet
