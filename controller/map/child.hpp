#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/batch.hpp"
#include "controller/map/node_table.hpp"

namespace capmap {

/// The way back to who sent a message, as the transport names it; opaque here. A text, for a few bytes of it need no memory of their own.
using PeerRoute = std::string;

/// A controller below this one that was let in: its key carries the sites it may speak for.
struct KnownChild {
  ControllerId id;
  std::string public_key;  ///< Z85 of its CURVE key
  std::string name;        ///< as it said when it joined; for people
  std::vector<SiteId> sites;
  std::uint64_t joined_unix_ms = 0;
  bool operator==(const KnownChild&) const = default;
};

/// One decoded message of a known child. `route` is for the answer only.
struct ChildReport {
  ControllerId child;
  PeerRoute route;
  ChildMessage message;
};
struct ChildBatch {
  std::uint64_t received_boot_ms = 0;
  std::vector<ChildReport> reports;
};
struct ChildAckOut {
  PeerRoute route;
  BatchAck ack;
};

/// Shapes that were named and are not known yet: so many at most, the others are noted when there is room again and their nodes speak.
class WaitingShapes {
 public:
  static constexpr std::size_t kMost = 4'096;

  void add(const ShapeId& id) {
    if (ids_.size() < kMost) ids_.insert(id);
  }
  /// False when it did not wait.
  bool take(const ShapeId& id) { return ids_.erase(id) > 0; }
  void clear() { ids_.clear(); }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  /// The next to be asked for, round and round: what is never taught does not stand in the way of the rest.
  [[nodiscard]] std::vector<ShapeId> next(std::size_t limit);

 private:
  std::set<ShapeId> ids_;
  ShapeId asked_{};  ///< the last of those asked for
};

inline constexpr std::uint32_t kChildSession = UINT32_MAX;  ///< Talk::session of a row that a child speaks for: no agent gets so far

/// What the map keeps of a child: which run it speaks in, and which row each of its numbers means.
///
/// A row of a child is in exactly one of two lists, and says where: it is `rows[n]` where its Talk::run_id is `runs`, else `unnamed[n]`,
/// and n is its Talk::seq. A gap in either is kNoRow.
struct ChildLink {
  static constexpr RowIndex kNoRow = UINT32_MAX;  ///< the node was refused, is gone, or has another number

  KnownChild known;
  /// A node of this child has the row of its id xor this: (child, node id), so two children that name one id are two nodes, and nobody
  /// who does not know these random bits can name another's.
  std::array<std::uint8_t, 16> mask{};
  std::unordered_map<SiteId, std::uint32_t, IdHash> sites;  ///< delegated: index of each
  std::uint64_t run_id = 0;
  std::uint64_t runs = 0;  ///< begun so far: our own count, which no child can say again
  std::uint32_t session = 0, seq = 0;
  std::vector<std::uint64_t> old_runs;  ///< newest last
  std::vector<RowIndex> rows;           ///< [number], those numbers that there is room for
  std::vector<RowIndex> unnamed;        ///< [any] of earlier runs, not named by this one; or at a site that was withdrawn
  std::uint32_t nodes = 0;              ///< rows it has in the map
  std::uint32_t unnamed_nodes = 0;      ///< of them in `unnamed`
  std::uint32_t numbered = 0;           ///< numbers this run has given
  std::uint32_t refused_nodes = 0;      ///< of them
  std::optional<std::uint32_t> all_nodes;
  std::uint64_t named_ms = 0;             ///< when a hello gave numbers last
  bool complete = false;                  ///< this run has named all its nodes: who is in `unnamed` goes
  std::optional<std::size_t> sweep_from;  ///< `unnamed` is being looked through for who goes, from here on
  WaitingShapes waiting;
  std::uint64_t shapes_since_ms = 0;
  std::uint32_t shapes_taught = 0;  ///< within the hour since then
};

}  // namespace capmap
