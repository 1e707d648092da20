#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/ids.hpp"
#include "controller/map/node_table.hpp"

namespace capmap {

/// A run of an agent that spoke with a key, as its hello told of itself.
struct CloneRun {
  std::uint64_t run_id = 0;
  std::string hostname, product;
  std::uint64_t first_unix_ms = 0, last_unix_ms = 0;
  bool refused = false;  ///< an admin has said that it is not the one
  bool operator==(const CloneRun&) const = default;
};
/// A key that spoke from two places: none of the two is counted until an admin has settled which one is the node.
struct Clone {
  NodeId node;
  std::uint32_t site = 0;  ///< index, of views
  std::uint64_t since_unix_ms = 0;
  std::uint64_t settled_unix_ms = 0;  ///< 0 = not yet
  std::vector<CloneRun> runs;         ///< newest last, at most kMostRuns
  bool operator==(const Clone&) const = default;
};

/// Runs of nodes whose key spoke for more than one, and what became of it. Nodes that never changed their run cost nothing, those that
/// restarted until nothing is noted of them (see ConductNotes). Owned by the map; one thread; pure.
class CloneTable {
 public:
  static constexpr std::size_t kMostRuns = 4;
  static constexpr std::size_t kMostTextBytes = 128;

  [[nodiscard]] bool empty() const { return clones_.empty(); }
  /// A run said who it is; it is not one of a clone by that.
  void said(RowIndex row, std::uint64_t run, const std::string& hostname, const std::string& product, std::uint64_t now_unix_ms);
  /// One of the runs that are noted was heard.
  void heard(RowIndex row, std::uint64_t run, std::uint64_t now_unix_ms);
  /// From now on the node is one until settle().
  void hold(RowIndex row, const NodeId& node, std::uint64_t now_unix_ms);
  [[nodiscard]] bool held(RowIndex row) const;
  [[nodiscard]] bool refused(RowIndex row, std::uint64_t run) const;
  /// The run is the node; all others that were noted are refused from now on. False: the node is held for nothing, or has no such run.
  bool settle(RowIndex row, std::uint64_t run, std::uint64_t now_unix_ms);
  /// As it was before a restart of the controller.
  void restore(RowIndex row, Clone clone);
  /// Nothing speaks for a clone: what was noted of a plain restart is forgotten.
  void calm(RowIndex row);
  void forget(RowIndex row);
  [[nodiscard]] const Clone* find(RowIndex row) const;
  /// All that are held, for views and for the store.
  [[nodiscard]] std::vector<Clone> held() const;
  [[nodiscard]] std::size_t held_count() const { return held_; }

 private:
  CloneRun* run_of(RowIndex row, std::uint64_t run);

  std::unordered_map<RowIndex, Clone> clones_;
  std::size_t held_ = 0;
};

}  // namespace capmap
