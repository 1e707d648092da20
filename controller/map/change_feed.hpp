#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/ids.hpp"
#include "controller/map/cell.hpp"

namespace capmap {

/// A node came into a cell, left the map, or went from one cell to another: site, pool, hardware, liveness, service state or verdict of it
/// changed. Readings that move are no change.
struct NodeChange {
  std::uint64_t revision = 0;  ///< of the map after it; two changes have two revisions
  std::uint64_t at_boot_ms = 0;
  NodeId node;
  std::optional<CellKey> from, to;  ///< absent: it was in no cell; it is in none
  bool operator==(const NodeChange&) const = default;
};

/// The newest changes as readers see them, immutable, oldest first.
class NodeChanges {
 public:
  static constexpr std::size_t kBlockChanges = 256;
  struct Block {
    std::array<NodeChange, kBlockChanges> changes;
    std::size_t count = 0;
  };

  /// Everything after this revision is here.
  [[nodiscard]] std::uint64_t complete_after() const { return complete_after_; }
  /// The first `limit` changes after a revision. Cost: a look at each block, and the changes copied.
  [[nodiscard]] std::vector<NodeChange> after(std::uint64_t revision, std::size_t limit) const;

 private:
  friend class ChangeFeed;
  std::vector<std::shared_ptr<const Block>> blocks_;  ///< none is empty
  std::uint64_t complete_after_ = 0;
};

/// What a map notes of its changes: at most kBlocks full blocks, the oldest go first. A change costs a copy of its entry, and nothing is
/// allocated but once a block. Owned by the map; one thread.
class ChangeFeed {
 public:
  static constexpr std::size_t kBlocks = 32;

  void add(const NodeChange& change);
  /// Changes up to this revision were not noted: who reads from before it has to begin anew.
  void skip_to(std::uint64_t revision);
  /// Shared with the publications before, until something was added. Cost then: a pointer a block.
  [[nodiscard]] std::shared_ptr<const NodeChanges> publish();

 private:
  std::vector<std::shared_ptr<NodeChanges::Block>> blocks_;
  std::uint64_t complete_after_ = 0;
  std::shared_ptr<const NodeChanges> published_;  ///< null: something was added since
  bool last_shared_ = false;                      ///< the last block belongs to readers too: the next change is put into a copy
};

}  // namespace capmap
