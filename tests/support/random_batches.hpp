#pragma once
#include <random>

#include "common/batch.hpp"

namespace capmap {

/// Batch messages with values in range; the same seed gives the same ones.
class RandomBatches {
 public:
  explicit RandomBatches(std::uint64_t seed) : random_(seed) {}

  BatchHello hello() {
    BatchHello out{.envelope = envelope(), .first = any_u32(), .all_nodes = {}, .nodes = {}};
    if (often()) out.all_nodes = any_u32();
    out.nodes.resize(out.all_nodes ? below(200) : 1 + below(200));
    for (auto& node : out.nodes) {
      for (auto& byte : node.id.bytes) byte = static_cast<std::uint8_t>(random_());
      node.site.bytes[3] = static_cast<std::uint8_t>(below(5));
      node.shape.bytes[9] = static_cast<std::uint8_t>(below(9));
      if (often()) node.memory_total_mib = any_u32() % UINT32_MAX;
      if (often()) node.pus_allowed = static_cast<std::uint32_t>(below(65'535));
    }
    return out;
  }
  BatchStates states() {
    BatchStates out;
    out.envelope = envelope();
    out.first = any_u32();
    out.count = static_cast<std::uint32_t>(1 + below(300));
    out.liveness = static_cast<BatchLiveness>(below(5));
    out.full = often();
    out.heard_ago_ms = any_u32();
    for (auto& column : out.readings) {
      if (!often()) continue;
      for (std::uint32_t i = 0; i < out.count; ++i) column.push_back(any_u32());
    }
    if (often()) {
      for (auto* column : {&out.accelerators_used, &out.accelerators_free, &out.accelerators_unhealthy}) {
        for (std::uint32_t i = 0; i < out.count; ++i) column->push_back(static_cast<std::uint8_t>(random_()));
      }
    }
    if (often()) {
      std::uint32_t at = static_cast<std::uint32_t>(below(100));
      for (std::uint32_t i = 0; i < out.count; ++i) out.nodes.push_back(at += 1 + static_cast<std::uint32_t>(below(9)));
    }
    return out;
  }
  BatchAck ack() {
    BatchAck out{.epoch = random_() | 1U,
                 .run_id = random_(),
                 .time_unix_ms = random_(),
                 .session = any_u32(),
                 .applied_seq = any_u32(),
                 .next_interval_ms = any_u32() | 1U,
                 .nodes = any_u32(),
                 .refused_nodes = any_u32(),
                 .need_shapes = {}};
    out.need_shapes.resize(below(kMaxNeedShapes + 1));
    for (auto& id : out.need_shapes) id.bytes[5] = static_cast<std::uint8_t>(random_());
    return out;
  }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

 private:
  Envelope envelope() { return {.run_id = random_() | 1U, .seq = any_u32() | 1U}; }
  bool often() { return below(4) != 0; }
  std::uint32_t any_u32() { return static_cast<std::uint32_t>(random_()) >> below(32); }

  std::mt19937_64 random_;
};

}  // namespace capmap
