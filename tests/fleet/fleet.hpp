#pragma once
#include <cstdint>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "common/messages.hpp"
#include "common/result.hpp"
#include "common/transport.hpp"
#include "tests/fleet/plan.hpp"

namespace capmap::fleet {

/// What goes wrong on purpose, each by the seed.
struct Faults {
  std::uint32_t loss_permille = 0;       ///< messages that are made but not sent
  std::uint32_t duplicate_permille = 0;  ///< messages that are sent twice
  std::uint32_t delay_ms = 0;            ///< each message waits up to so long, so that they overtake each other
  std::uint32_t churn_permille = 0;      ///< agents of a thousand that stop in a second, half without a word, and come back within 20 s
  std::uint32_t floods = 0;              ///< agents that send each message 1,000 times
  std::uint32_t clones = 0;              ///< agents whose key a second process has too
  std::uint32_t replays = 0;             ///< agents whose newest messages are all sent again and again
  std::uint32_t liars = 0;               ///< servers that say what cannot be
  std::uint32_t shape_liars = 0;         ///< servers whose hardware cannot be: 2^63 bytes, 1 EFLOPS
  std::uint32_t flippers = 0;            ///< agents that come with another shape every few seconds
  std::uint32_t futures = 0;             ///< servers whose clock is a year ahead
};

struct FleetOptions {
  std::uint32_t first = 0, agents = 100;  ///< which of the plan's nodes
  std::uint64_t seed = 1;                 ///< of shapes and readings; the same seed gives the same fleet
  std::string controller;                 ///< endpoint of the message port
  std::string server_public_key;          ///< Z85
  std::uint32_t seconds = 0;              ///< 0 = until SIGTERM or SIGINT
  std::uint32_t report_every_s = 10;      ///< 0 = only at the end
  bool any_ack = false;                   ///< every ack is taken as the agent's own: for a peer that answers all alike
  bool exact = false;                     ///< each change of a reading is told, however small
  std::uint32_t quiet_after_s = 0;        ///< then faults end and readings stand still, until the end; 0 = with SIGUSR1
  std::string truth;                      ///< folder for what is true at the quiet point; empty = not written
  Faults faults;
};

zmq::context_t make_context(std::uint32_t sockets);

/// Lets a server in through the enrolment port of each token, 64 at a time; their keys in order. They are numbered from `number` on.
/// Errors: kMalformed (token), kDenied (the controller's reason), kTimeout.
Result<std::vector<CurveKeys>> join_all(const std::vector<std::string>& tokens, std::uint32_t number = 0);

/// Keys of an earlier run, one secret key a line; mode 0600. Errors: as files give them; kMalformed naming the line.
Result<std::vector<CurveKeys>> load_keys(const std::string& path);
Result<Done> save_keys(const std::string& path, const std::vector<CurveKeys>& keys);

/// Runs the agents in this thread, each a Conversation and a DEALER, until the time is over or a stop signal comes; then each says bye.
/// Prints a line `agents=… sessions=… acks=… sent=… p99_ack_ms=…` every report_every_s, and `quiet` once all that is true has been told.
/// Errors: kFull (descriptors), kMalformed.
Result<Done> run_fleet(const FleetOptions& options, const Plan& plan, const std::vector<CurveKeys>& keys);

}  // namespace capmap::fleet
