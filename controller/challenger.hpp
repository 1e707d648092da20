#pragma once
#include <cstdint>
#include <map>

#include "controller/map/capacity_map.hpp"

namespace capmap {

/// Asks nodes that are not proven, or contradicted, for a short benchmark, so many an hour: what they measure is held against what is
/// nominal (doubt_measured), and the verdict follows with the hello that tells it. Owners may forbid it (benchmark.most_s of the agent).
/// Pure; owned by the map thread.
class Challenger {
 public:
  static constexpr std::uint32_t kSeconds = 5;                      ///< a test, of four
  static constexpr std::uint64_t kAgainMs = 24ULL * 3'600 * 1'000;  ///< a node is not asked again within a day
  static constexpr std::uint64_t kMeasuredForS = 30ULL * 86'400;    ///< a measurement holds so long
  static constexpr std::size_t kMostKept = 100'000;

  /// per_hour: 0 = nobody is asked.
  explicit Challenger(std::uint32_t per_hour) : gap_ms_(per_hour == 0 ? 0 : 3'600'000 / per_hour) {}
  /// Asks one node when the budget has room. Cost: nothing until then; then a look at one chunk of nodes.
  void step(CapacityMap& map, const MapView& view, std::uint64_t now_ms, std::uint64_t now_unix_ms);
  [[nodiscard]] std::uint64_t asked() const { return asked_; }

 private:
  std::uint64_t gap_ms_, next_ms_ = 0, asked_ = 0;
  std::size_t chunk_ = 0;
  std::uint32_t slot_ = 0;  ///< where to look on
  std::map<NodeId, std::uint64_t> asked_ms_;
};

}  // namespace capmap
