#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
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

/// What the map keeps of a child: which run it speaks in, and which row each of its numbers means.
struct ChildLink {
  /// Number of a node about a site the child may not speak for.
  static constexpr RowIndex kRefused = UINT32_MAX;

  KnownChild known;
  /// A node of this child has the row of its id xor this: (child, node id), so two children that name one id are two nodes, and nobody
  /// who does not know these random bits can name another's.
  std::array<std::uint8_t, 16> mask{};
  std::unordered_map<SiteId, std::uint32_t, IdHash> sites;  ///< delegated: index of each
  std::uint64_t run_id = 0;
  std::uint32_t session = 0, seq = 0;
  std::vector<std::uint64_t> old_runs;          ///< newest last
  std::vector<RowIndex> rows;                   ///< [number]
  std::uint32_t refused_nodes = 0;              ///< of rows
  std::unordered_set<ShapeId, IdHash> waiting;  ///< shapes that were named and are not known yet
  std::uint64_t shapes_since_ms = 0;
  std::uint32_t shapes_taught = 0;  ///< within the hour since then
};

}  // namespace capmap
