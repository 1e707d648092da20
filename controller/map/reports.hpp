#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "common/messages.hpp"
#include "controller/map/child.hpp"

namespace capmap {

struct KeyOrders;

/// One decoded message of a known node. `route` is for the answer only.
struct Report {
  NodeId node;
  PeerRoute route;
  AgentMessage message;
};
/// What ingest took from its socket in one go.
struct ReportBatch {
  std::uint64_t received_boot_ms = 0;
  std::vector<Report> reports;
  std::vector<NodeId> flooding;  ///< nodes whose messages were dropped by the hundred since the batch before
};

struct AckOut {
  PeerRoute route;
  Ack ack;
};
/// Answers to one ReportBatch, or to one ChildBatch, in its order; a node that is not known gets none.
struct AckBatch {
  std::vector<AckOut> acks;
  std::vector<ChildAckOut> child_acks{};
  std::uint64_t child_reports = 0;  ///< of children, done by the map since it started, these among them
  /// Not the map's: what the store decided about keys, for ingest alone (controller/key_orders.hpp).
  std::shared_ptr<const KeyOrders> keys{};
};

}  // namespace capmap
