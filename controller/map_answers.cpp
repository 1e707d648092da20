#include "controller/map_answers.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/transport.hpp"
#include "controller/pipes.hpp"

namespace capmap {

Result<Done> MapAnswers::open(zmq::context_t& context) {
  auto http = open_push(context, kHttpPipe);
  if (!http) return http.error();
  http_ = std::move(*http);
  for (std::size_t i = 0; i < sql_.size(); ++i) {
    auto rows = open_push(context, kSqlRowsPipes[i]);
    if (!rows) return rows.error();
    sql_[i] = std::move(*rows);
  }
  return Done{};
}

void MapAnswers::answer(zmq::socket_t& queries, CapacityMap& map, const Clock& clock, std::uint64_t most_ms) {
  const auto until_ms = clock.boot_ms() + most_ms;
  do {
    auto query = receive_object<NodeQuery>(queries, 0);
    if (!query || !*query) return;
    if ((*query)->parts) {
      answer_parts(**query, map);
    } else {
      answer_rows(**query, map, clock.boot_ms());
    }
  } while (clock.boot_ms() < until_ms);
}

void MapAnswers::answer_rows(const NodeQuery& query, CapacityMap& map, std::uint64_t now_ms) {
  NodeAnswer answer{.ticket = query.ticket, .rows = {}, .chunk_count = map.chunk_count()};
  if (query.shape) {
    answer.hardware = map.hardware_of(*query.shape);
  } else if (query.child) {
    answer.child = map.child(*query.child);
  } else if (query.id) {
    if (query.benchmark_seconds != 0) map.ask_benchmark(*query.id, query.benchmark_seconds, now_ms);
    if (auto row = query.resolve ? map.resolve(*query.id) : map.node(*query.id)) answer.rows.push_back(std::move(*row));
  } else if (query.chunk < answer.chunk_count) {
    answer.rows = query.selection ? map.chunk(query.chunk, *query.selection) : map.chunk(query.chunk);
  }
  static_cast<void>(send_object(http_, std::make_unique<HttpInput>(std::move(answer)), false));
}

void MapAnswers::answer_parts(const NodeQuery& query, const CapacityMap& map) {
  NodePartsAnswer answer{.ticket = query.ticket, .told = {.rows = {}, .chunk_count = map.chunk_count()}};
  if (query.id) {
    answer.told.rows = map.take(*query.id, *query.parts);
  } else if (query.selection) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < query.chunks && query.chunk + i < answer.told.chunk_count; ++i) {
      answer.told.rows = map.take(query.chunk + i, *query.selection, *query.parts);
      count += answer.told.rows.count;
    }
    answer.told.rows.count = count;  // parts are asked of one chunk alone
  }
  auto& worker = sql_[std::min<std::size_t>(query.worker, sql_.size() - 1)];
  static_cast<void>(send_object(worker, std::make_unique<NodePartsAnswer>(std::move(answer)), false));
}

}  // namespace capmap
