#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/messages.hpp"
#include "common/result.hpp"
#include "common/transport.hpp"

namespace capmap::fleet {

struct FleetOptions {
  std::uint32_t agents = 100;
  std::uint64_t seed = 1;             ///< of shapes and readings; the same seed gives the same fleet
  std::string controller;             ///< endpoint of the message port
  std::string server_public_key;      ///< Z85
  std::uint32_t seconds = 0;          ///< 0 = until SIGTERM or SIGINT
  std::uint32_t report_every_s = 10;  ///< 0 = only at the end
  std::uint32_t loss_permille = 0;    ///< messages that are made but not sent
  bool any_ack = false;               ///< every ack is taken as the agent's own: for a peer that answers all alike
};

/// What is handed to each simulated server: a few machines as they stand in data centres, made by hand, in canonical order.
std::vector<Shape> known_shapes();

/// Lets `count` servers in through the enrolment port named in a join token, 64 at a time; their keys in order.
/// Errors: kMalformed (token), kDenied (the controller's reason), kTimeout.
Result<std::vector<CurveKeys>> join_all(const std::string& token, std::uint32_t count);

/// Keys of an earlier run, one secret key a line; mode 0600. Errors: as files give them; kMalformed naming the line.
Result<std::vector<CurveKeys>> load_keys(const std::string& path);
Result<Done> save_keys(const std::string& path, const std::vector<CurveKeys>& keys);

/// Runs the agents in this thread, each a Conversation and a DEALER, until the time is over or a stop signal comes; then each says bye.
/// Prints a line `agents=… sessions=… acks=… sent=… p99_ack_ms=…` every report_every_s. Errors: kFull (descriptors), kMalformed.
Result<Done> run_fleet(const FleetOptions& options, const std::vector<CurveKeys>& keys);

}  // namespace capmap::fleet
