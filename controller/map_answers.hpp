#pragma once
#include <array>
#include <cstdint>
#include <zmq.hpp>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "controller/map/capacity_map.hpp"
#include "controller/requests.hpp"

namespace capmap {

/// What the map thread answers those who ask for node rows: http, and the SQL workers. Never waits: where nobody reads, the asker's own
/// deadline ends the question. One thread.
class MapAnswers {
 public:
  /// Errors: kUnavailable.
  Result<Done> open(zmq::context_t& context);
  /// Questions that wait there, for so long at most.
  void answer(zmq::socket_t& queries, CapacityMap& map, const Clock& clock, std::uint64_t most_ms);

 private:
  void answer_rows(const NodeQuery& query, CapacityMap& map, std::uint64_t now_ms);
  void answer_parts(const NodeQuery& query, const CapacityMap& map);

  zmq::socket_t http_;
  std::array<zmq::socket_t, kSqlWorkers> sql_;
};

}  // namespace capmap
