#pragma once
#include <string>
#include <vector>

#include "agent/settings.hpp"
#include "common/result.hpp"

namespace capmap {

/// The agent's settings from their sources, lowest first: what join wrote (unless it is not wanted), the file, the flags among
/// `arguments`. Errors: kMalformed with the place, kAbsent for a file that was named.
Result<AgentSettings> read_agent_settings(const std::vector<std::string>& arguments, bool with_joined);

/// What the service needs to have a meaning, beyond types and ranges. Errors: kAbsent (no controller is known), kMalformed.
Result<Done> check_meaning(const AgentSettings& settings);

}  // namespace capmap
