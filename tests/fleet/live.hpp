#pragma once
#include <cstdint>
#include <string>

#include "common/result.hpp"
#include "tests/fleet/plan.hpp"

namespace capmap::fleet {

struct LiveOptions {
  std::uint32_t first = 0, agents = 100;  ///< which of the plan's nodes
  std::uint64_t seed = 1;
  std::uint32_t seconds = 0;        ///< 0 = until SIGTERM or SIGINT
  std::string token;                ///< join token of one site for all
  std::string states;               ///< folder of their state folders, each named by its number
  std::uint32_t key_max_age_s = 0;  ///< their keys are changed by this age too; 0 = when they are asked to
  std::uint16_t next_port = 0;      ///< the controller's other port; 0 = two above the message port
};

/// Runs the uplink of the real agent for each server, a thread each: they change their own keys and follow the controller's, as the agents
/// of run_fleet do not, and have none of their faults. Who has no state folder yet joins first. Prints `live agents=…` once all run.
/// Errors: kFull (descriptors), those of joining and of key files; the first of an uplink's.
Result<Done> run_live(const LiveOptions& options, const Plan& plan);

}  // namespace capmap::fleet
