#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/result.hpp"
#include "controller/map/node_chunk.hpp"
#include "controller/map/node_selection.hpp"

namespace capmap {

/// Some rows of the map: those of a chunk (or of some chunks behind each other) that the selection wants, or one node.
struct NodeAsk {
  std::size_t chunk = 0, chunks = 1;
  std::optional<NodeId> id{};
  NodeParts parts{};
  std::shared_ptr<NodeSelection> selection{};  ///< null: all. The source's until it has answered.
};
struct NodeTold {
  NodeChunk rows;
  std::size_t chunk_count = 0;  ///< of the map
};

/// Whoever has the map's rows.
class NodeSource {
 public:
  virtual ~NodeSource() = default;
  /// Waits until that moment at most. Errors: kTimeout, kUnavailable.
  virtual Result<NodeTold> ask(const NodeAsk& ask, std::uint64_t until_boot_ms) = 0;
};

}  // namespace capmap
