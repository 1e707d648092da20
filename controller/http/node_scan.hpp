#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "controller/http/json.hpp"
#include "controller/http/page_form.hpp"
#include "controller/http/routes.hpp"
#include "controller/map/filter.hpp"
#include "controller/map/measure.hpp"

namespace capmap {

/// 400, with all dimensions there are.
HttpResponse unknown_dimension(const Error& error);

/// True when one of the comma-separated words is a dimension that only nodes know.
bool wants_node_scan(const std::string& group_by);

/// A question that cells cannot answer: its groups or its filter ask what only nodes know.
struct ScanQuestion {
  std::string group_by;
  std::optional<FilterNode> filter;
  Measures measures;
  std::size_t first = 0, limit = 0;
  std::span<const PageColumn> columns{};  ///< of groups as CSV, where that is wanted; static. None: JSON alone
};

/// /v1/map by a look at each node, a chunk at a time: the measures of cells, by the same rules. The answer says `node_scan`, and how many
/// nodes were looked at; rows change while it goes on, so its total is of no single moment. `head` is what an answer from cells begins
/// with. Errors in the answer: 400 unknown-dimension, 422 too-many-groups, 503 too-many-scans. Thread: http.
Outcome scan_nodes(const Call& call, Json head, const ScanQuestion& question);

}  // namespace capmap
