#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <zmq.hpp>

#include "common/chip_table.hpp"
#include "common/clock.hpp"
#include "common/published.hpp"
#include "common/result.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

struct SqlWorkerOptions {
  std::uint8_t number = 0;                  ///< which of kSqlWorkers: it takes SqlJob from kSqlPipes[number]
  std::shared_ptr<const ChipTable> chips;   ///< null: none
  const std::atomic<bool>* stop = nullptr;  ///< true: the statement that runs ends at once; null: nobody says so
};

/// A worker for statements of SQL: one SqlJob after the other, each SqlDone to http. Rows of nodes it asks of the map thread, chunk by
/// chunk, as everybody else. Ends with Done on stop. count_sqlite_memory() before any of them.
Result<Done> run_sql_worker(zmq::context_t& context, const SqlWorkerOptions& options, const Clock& clock, Published<MapView>& view);

}  // namespace capmap
