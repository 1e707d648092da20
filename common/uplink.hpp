#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/conversation.hpp"
#include "common/key_ring.hpp"
#include "common/known_server.hpp"
#include "common/link_counts.hpp"
#include "common/result.hpp"
#include "common/transport.hpp"
#include "common/watchdog.hpp"

namespace capmap {

struct UplinkOptions {
  DealerOptions dealer;
  Thresholds thresholds;
  std::optional<KeyRing> ring{};                 ///< this machine's keys, in place of dealer.keys; absent: these never change
  std::optional<KnownServer> server{};           ///< the controller's keys and ports, in place of dealer's endpoint and key
  std::uint64_t key_max_age_ms = 0;              ///< the ring's key is changed when it is older; 0 = only when the controller asks for it
  std::string snapshots = "inproc://snapshots";  ///< PULL bound here: UplinkInput objects from the tick thread; stop ends the uplink
  std::string pace = "inproc://pace";            ///< PUSH connected here: UplinkPace objects to the tick thread
  Pulse* pulse = nullptr;                        ///< beaten at each turn
  LinkCounts* counts = nullptr;                  ///< counted into
  std::uint64_t most_sleep_ms = 600'000;         ///< so often it turns at least
};

/// From the tick thread: new facts (after a probe) or a new reading of use.
struct UplinkInput {
  std::optional<std::pair<Hello, EncodedShape>> facts;
  std::optional<Usage> usage;
  std::uint64_t next_due_ms = 0;  ///< with usage: the message the tick thread will read for next, unless told otherwise; 0 = none planned
};
/// To the tick thread, when it plans something else: take a snapshot a little before `due_boot_ms`, and pace on with interval_ms.
struct UplinkPace {
  std::uint32_t interval_ms = 10'000;
  std::uint64_t due_boot_ms = 0;
  std::uint32_t benchmark_seconds = 0;  ///< the controller asks for a benchmark; 0 = it does not
};

/// The thread that owns the link to the controller (common/server_link.hpp): sends what the Conversation says, reads acks, gives the link
/// up when the controller is silent. On stop sends bye, waits at most 500 ms for it to leave, and returns. Returns Done after stop; an
/// Error only when the socket cannot be made at all (bad endpoint or keys).
Result<Done> run_uplink(zmq::context_t& context, const UplinkOptions& options, const Clock& clock);

}  // namespace capmap
