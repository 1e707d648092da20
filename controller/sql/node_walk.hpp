#pragma once
#include <cstddef>
#include <optional>

#include "controller/map/cell.hpp"
#include "controller/sql/pinned_nodes.hpp"

namespace capmap {

/// A node's row as far as its parts were asked for; the others are null.
struct NodeAt {
  const NodeBrief* brief = nullptr;
  const Contribution* numbers = nullptr;
  const NodeRow* row = nullptr;
};
/// Where it stands among cells.
inline CellKey place_of(const NodeAt& at) {
  const auto& brief = *at.brief;
  return {.site = brief.site,
          .pool = brief.pool,
          .hardware = brief.hardware,
          .liveness = brief.liveness,
          .service = brief.counted_service,
          .verdict = brief.verdict};
}

/// Which nodes a walk is to find, by the values that key columns must equal.
struct NodeKeys {
  const std::string* id = nullptr;
  const std::string* site = nullptr;
  const std::string* region = nullptr;
  const std::string* liveness = nullptr;
};

/// A walk through the nodes that who asks may see, chunk by chunk. Borrows the pinned rows and the scene.
class NodeWalk {
 public:
  NodeWalk(PinnedNodes& nodes, const SqlScene& scene, const NodeKeys& keys, const NodeParts& parts);
  /// False: there are no more, or failed() tells why (as NodeSource).
  bool next();
  [[nodiscard]] const std::optional<Error>& failed() const { return failed_; }
  [[nodiscard]] const NodeAt& at() const { return at_; }
  /// A number of the row; the same for the same node while its place is the same.
  [[nodiscard]] std::int64_t row() const;

 private:
  bool next_rows();
  void look(std::size_t index);

  PinnedNodes& nodes_;
  const SqlScene& scene_;
  NodeParts parts_;
  PinnedNodes::Plan plan_;
  std::optional<NodeId> id_;
  bool nothing_ = false;
  std::optional<Error> failed_;
  PinnedNodes::Pinned rows_;
  NodeAt at_;
  std::size_t chunk_ = 0, next_chunk_ = 0, index_ = 0;
  std::int64_t counted_ = 0;
};

}  // namespace capmap
