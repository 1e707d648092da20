#pragma once
#include <cstdint>
#include <string>
#include <variant>

#include "controller/map/reports.hpp"
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

/// A node was let in (durable already) and may report from now on.
struct NodeAdmitted {
  KnownNode node;
};
/// A site was added or changed (durable already).
struct SiteChanged {
  Site site;
};
using MapInput = std::variant<ReportBatch, NodeAdmitted, SiteChanged>;

}  // namespace capmap
