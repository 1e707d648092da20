#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "controller/http/json.hpp"
#include "controller/http/routes.hpp"
#include "controller/map/filter.hpp"

namespace capmap {

/// Dimensions that no cell knows: they are told by a scan of all nodes, a chunk at a time.
inline constexpr std::array<const char*, 5> kNodeDimensionNames = {"hostname", "os", "kernel", "agent_version", "virtualization"};

/// 400, with all dimensions there are.
HttpResponse unknown_dimension(const Error& error);

/// True when one of the comma-separated words is such a dimension.
bool wants_node_scan(const std::string& group_by);

/// /v1/map grouped by words of which at least one is a node's: nodes by liveness, packages, cores, PUs, memory and accelerators that are
/// installed, by group. `filter` is over cells. The answer says `node_scan`, and how many nodes were looked at; rows change while it goes
/// on, so its total is of no single moment. `head` is what an answer from cells begins with. Errors in the answer: 400 unknown-dimension,
/// 422 too-many-groups. Thread: http.
Outcome scan_nodes(const Call& call, Json head, const std::string& group_by, const std::optional<FilterNode>& filter, std::size_t first,
                   std::size_t limit);

/// Whether a filter over cells keeps the row's.
bool keeps_row(const CellFilter& filter, const NodeRow& row);

}  // namespace capmap
