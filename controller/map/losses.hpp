#pragma once
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "controller/map/node_table.hpp"

namespace capmap {

/// Messages of a node's newest run that were sent and never taken, by gaps in their numbers.
struct LostMessages {
  static constexpr std::size_t kLooks = 128;  ///< newest messages that are told
  std::bitset<kLooks> lost;                   ///< bit 0: the newest message; set: it did not come
  std::uint64_t total = 0;                    ///< since the node is noted here
  std::uint64_t last_boot_ms = 0;             ///< when a gap was last seen
};

/// Nodes that lost any of their last 128 messages: only they cost anything here. Owned by the map; one thread; pure.
class LossNotes {
 public:
  static constexpr std::size_t kMost = 200'000;  ///< nodes; losses of further ones are counted alone

  /// A message came, and `gap` before it did not (0: none).
  void came(RowIndex row, std::uint64_t gap, std::uint64_t now_ms);
  [[nodiscard]] std::optional<LostMessages> find(RowIndex row) const;
  [[nodiscard]] bool has(RowIndex row) const { return notes_.contains(row); }
  [[nodiscard]] bool empty() const { return notes_.empty(); }
  void forget(RowIndex row) { notes_.erase(row); }
  [[nodiscard]] std::uint64_t total() const { return total_; }  ///< of all nodes

 private:
  std::unordered_map<RowIndex, LostMessages> notes_;
  std::uint64_t total_ = 0;
};

}  // namespace capmap
