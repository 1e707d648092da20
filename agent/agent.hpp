#pragma once
#include <string>

#include "agent/settings.hpp"
#include "common/clock.hpp"
#include "common/key_ring.hpp"
#include "common/result.hpp"

namespace capmap {

struct AgentParts {
  AgentSettings settings;
  KeyRing keys;
  KnownServer server;
  std::string probe_program;  ///< capmap-probe
  std::string version;
  int signals = -1;  ///< signalfd of agent_signals(); they are blocked in every thread
};

/// Blocks the signals the agent takes in its loop (TERM, INT: end; HUP: look at the hardware again; CHLD) and returns their signalfd.
/// Call before any thread starts. Errors: kFull.
Result<int> take_agent_signals();

/// Runs the service: this thread ticks, a second one is the uplink. Returns Done after SIGTERM or SIGINT, when bye is sent.
/// Errors: those of run_uplink.
Result<Done> run_agent(const AgentParts& parts, const Clock& clock);

}  // namespace capmap
