#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/messages.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// The internal pipes of the controller: who sends what to whom. Objects travel by ownership (common/transport.hpp, send_object); an
/// empty message means stop. The pipes to http stand in controller/requests.hpp.

inline constexpr const char* kMapPipe = "inproc://map";               ///< MapInput: from ingest and enrol to the map thread
inline constexpr const char* kMapQueryPipe = "inproc://map_queries";  ///< NodeQuery: from http to the map thread
inline constexpr const char* kIngestPipe = "inproc://ingest";         ///< AckBatch: from the map thread to ingest; stop from main
inline constexpr const char* kKeysPipe = "inproc://keys";             ///< KeyUpdate: from enrol to zap; stop from main
inline constexpr const char* kAdminPipe = "inproc://admin";           ///< AdminRequest: from http to enrol; stop from main
inline constexpr const char* kHttpPipe = "inproc://http";             ///< HttpInput: from map and enrol to http; stop from the map thread

/// One decoded message of a known node. `route` is for the answer only.
struct Report {
  NodeId node;
  Bytes route;
  AgentMessage message;
};
/// What ingest took from its socket in one go.
struct ReportBatch {
  std::uint64_t received_boot_ms = 0;
  std::vector<Report> reports;
};
/// A node was let in (durable already) and may report from now on.
struct NodeAdmitted {
  KnownNode node;
};
/// A site was added or changed (durable already).
struct SiteChanged {
  Site site;
};
using MapInput = std::variant<ReportBatch, NodeAdmitted, SiteChanged>;

struct AckOut {
  Bytes route;
  Ack ack;
};
/// Answers to one ReportBatch, in its order.
struct AckBatch {
  std::vector<AckOut> acks;
};

}  // namespace capmap
