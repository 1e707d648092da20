#pragma once
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "common/watchdog.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/metrics.hpp"

namespace capmap {

/// The map thread: the only writer of the capacity map. Applies what ingest and enrol send (kMapPipe), answers node queries of http
/// (kMapQueryPipe), hands acks to ingest, and publishes a new view at most every 100 ms and only when something changed.
/// *Applied* in an ack means: in this thread's map; it dies with the process. Nothing an agent says in these messages is stored, so
/// *durable* stays 0; what is durable (enrolment, keys, sites) is answered by the store thread after the store's fsync.
/// After a pause of the whole process nobody is declared dead until the messages that waited meanwhile have been applied.
/// Ends with Done on stop, after everything sent before it is applied; passes the stop on to http.
/// `challenges_per_hour`: so many nodes in doubt are asked for a short benchmark (see Challenger). `pulse`, where there is one, is beaten
/// at each turn, each 100 ms at least.
Result<Done> run_map(zmq::context_t& context, CapacityMap map, const Clock& clock, Published<MapView>& view, Published<Metrics>& metrics,
                     std::uint32_t challenges_per_hour = 0, Pulse* pulse = nullptr);

}  // namespace capmap
