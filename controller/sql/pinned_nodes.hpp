#pragma once
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/sql/node_source.hpp"
#include "controller/sql/sql_scene.hpp"
#include "controller/sql/sql_table.hpp"

namespace capmap {

/// The copies of node rows that a statement holds: so many chunks at most, and bytes, those used last. A chunk that is held is not asked
/// for again, so one statement sees a row alike wherever it stands, as long as it is held. One thread.
class PinnedNodes {
 public:
  using Pinned = std::shared_ptr<const NodeChunk>;

  /// Borrows both.
  PinnedNodes(NodeSource& source, const SqlScene& scene, std::uint64_t until_boot_ms)
      : source_(source), scene_(scene), until_boot_ms_(until_boot_ms) {}

  /// Which rows a walk wants. Two of the same plan share what is held.
  struct Plan {
    std::optional<std::uint32_t> site;
    std::optional<Liveness> liveness;
    std::string region{};  ///< of the site, as declared; empty: any
    bool operator==(const Plan&) const = default;
  };
  struct Step {
    Pinned rows;             ///< null: there are no more
    std::size_t chunks = 1;  ///< that it is of
  };
  /// The rows of a chunk, or how many there are of some where no part is wanted. Errors: as NodeSource.
  Result<Step> at(const Plan& plan, std::size_t chunk, const NodeParts& parts);
  /// One node's; empty: there is none, or it may not be seen. Errors: as NodeSource.
  Result<Pinned> find(const NodeId& id, const NodeParts& parts);

 private:
  struct Held {
    Plan plan;
    std::size_t chunk = 0;
    NodeParts parts;
    Pinned rows;
    std::size_t bytes = 0;
    std::unordered_map<NodeId, std::size_t, IdHash> places;  ///< [id] of its briefs; made when one is looked for
  };
  Result<Pinned> fetch(const Plan& plan, std::size_t chunk, const NodeParts& parts);
  std::shared_ptr<NodeSelection> selection_of(const Plan& plan);
  void hold(Held held);

  NodeSource& source_;
  const SqlScene& scene_;
  std::uint64_t until_boot_ms_;
  std::list<Held> held_;  ///< used last in front
  std::size_t bytes_ = 0;
  std::optional<std::size_t> chunk_count_;
  Plan plan_;
  std::shared_ptr<NodeSelection> selection_;
};

}  // namespace capmap
