#pragma once
#include "controller/history/sample_store.hpp"
#include "controller/requests.hpp"

namespace capmap {

/// What the history thread answers. Cost: a look at each block and sample of the time that is asked for, one division's or site's part of
/// it.
HistoryAnswer answer_history(SampleStore& samples, const HistoryQuestion& question);

}  // namespace capmap
