#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

#include "common/transport.hpp"
#include "controller/pipes.hpp"
#include "controller/requests.hpp"
#include "controller/sql/sql_memory.hpp"
#include "controller/sql_thread.hpp"

namespace capmap::support {

/// The real SQL workers of a world. They begin with construction and are gone with destruction; http goes first.
class SqlWorkers {
 public:
  SqlWorkers(zmq::context_t& context, const Clock& clock, Published<MapView>& view) : context_(context) {
    static_cast<void>(count_sqlite_memory());
    for (std::uint8_t i = 0; i < kSqlWorkers; ++i) {
      threads_.emplace_back([this, &context, &clock, &view, i] {
        static_cast<void>(run_sql_worker(context, {.number = i, .chips = nullptr, .stop = &stop_}, clock, view));
      });
    }
  }
  ~SqlWorkers() {
    stop_ = true;
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      send_stop(*open_push(context_, kSqlPipes[i]));
      threads_[i].join();
    }
  }
  SqlWorkers(const SqlWorkers&) = delete;
  SqlWorkers& operator=(const SqlWorkers&) = delete;
  static std::vector<std::string> pipes() { return {kSqlPipes.begin(), kSqlPipes.end()}; }

 private:
  zmq::context_t& context_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

/// A row in parts, as a map would take it apart.
inline void add_parts(NodeChunk& chunk, const NodeRow& row, const NodeParts& parts) {
  ++chunk.count;
  if (parts.briefs) {
    NodeBrief brief;
    brief.id = row.id;
    brief.slot = row.slot;
    brief.site = row.site;
    brief.hardware = row.hardware;
    brief.liveness = row.liveness;
    brief.counted = row.counted;
    brief.revision = row.revision;
    chunk.briefs.push_back(brief);
  }
  if (parts.numbers) {
    Contribution numbers;
    numbers.readings[kCpuBusy] = row.usage.readings.cpu_busy_millicores;
    numbers.cpu_free_millicores = row.cpu_free_millicores;
    chunk.numbers.push_back(numbers);
  }
  if (parts.rows) chunk.rows.push_back(row);
}

/// What a map of ten nodes in chunks of four answers a question with parts; `row(i)`: its nodes.
template <class RowOf>
bool answer_parts(zmq::context_t& context, const NodeQuery& query, RowOf row) {
  NodePartsAnswer answer{.ticket = query.ticket, .told = {.rows = {}, .chunk_count = 3}};
  for (std::uint8_t i = 0; i < 10; ++i) {
    const NodeRow one = row(i);
    const std::size_t chunk = i / 4U;
    const bool asked_for = query.id ? one.id == *query.id : chunk >= query.chunk && chunk < query.chunk + query.chunks;
    if (!asked_for || (query.selection && !query.selection->keeps(one))) continue;
    if (query.selection && answer.told.rows.count == query.selection->most) break;
    add_parts(answer.told.rows, one, *query.parts);
  }
  auto out = open_push(context, kSqlRowsPipes[query.worker]);
  return send_object(*out, std::make_unique<NodePartsAnswer>(std::move(answer))).ok();
}

}  // namespace capmap::support
