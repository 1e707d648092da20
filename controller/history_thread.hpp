#pragma once
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "controller/history/history.hpp"
#include "controller/map/map_view.hpp"
#include "controller/metrics.hpp"

namespace capmap {

/// The history thread: looks at the newest view each second, writes each minute, answers what was. It is in nobody's way: the map does not
/// know of it. Runs until the empty message on kHistoryPipe; what waits is written then.
/// Errors: kUnavailable (a pipe cannot be opened). What cannot be written ends nothing: it is told in `metrics` and the log.
Result<Done> run_history(zmq::context_t& context, std::unique_ptr<History> history, const Clock& clock, const Published<MapView>& view,
                         Published<Metrics>& metrics);

}  // namespace capmap
