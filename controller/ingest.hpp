#pragma once
#include <cstdint>
#include <future>
#include <string>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "common/transport.hpp"
#include "common/watchdog.hpp"
#include "controller/metrics.hpp"
#include "controller/server_ports.hpp"

namespace capmap {

struct IngestOptions {
  std::string endpoint;          ///< "tcp://*:8471"
  CurveKeys keys;                ///< the controller's
  std::string connections = {};  ///< name by which zap counts connections (ZapOptions::connections); empty: nobody does
  Pulse* pulse = nullptr;        ///< beaten at each turn, each second at least
  ServerPorts::Parts ports = {};
  /// A node may send so many messages at once, then one each kMessageEveryMs; the rest is dropped and counted.
  static constexpr std::uint32_t kBurst = 50;
  static constexpr std::uint32_t kMessageEveryMs = 100;
  /// A child controller, whose messages hold thousands of nodes: so many at once, and so many each millisecond.
  static constexpr std::uint32_t kChildBurst = 10'000, kChildMessagesAMs = 5;
};

/// The ingest thread: owns the ROUTER of port 8471, and of 8473 while the server's key changes (controller/server_ports.hpp). Every message
/// is held to size, identity (the ZAP User-Id, never the payload), rate, verification and meaning before it goes to the map, in batches;
/// bad bytes cost their sender a counter and at times a log line, and nobody else anything. Sends the acks that the map thread decides on.
/// `ready` gets the bound endpoint, or why it could not be bound. Ends with Done on stop, which it passes on to the map thread.
Result<Done> run_ingest(zmq::context_t& context, const IngestOptions& options, const Clock& clock, std::promise<Result<std::string>>& ready,
                        Published<Metrics>& metrics);

}  // namespace capmap
