#pragma once
#include <functional>
#include <optional>
#include <span>

#include "controller/http/json.hpp"
#include "controller/http/page_form.hpp"
#include "controller/http/routes.hpp"
#include "controller/map/filter.hpp"
#include "controller/map/node_selection.hpp"

namespace capmap {

/// A list of nodes, page by page.
struct NodeList {
  std::function<Json(const NodeRow& row)> line;     ///< of one node
  std::optional<FilterNode> only{};                 ///< what all of them fulfil, beside what the reader asks
  std::function<void(Json& answer)> rest{};         ///< puts what the answer has beside its nodes; may be empty
  std::function<void(NodeSelection& of)> narrow{};  ///< to nodes of which the map noted something; may be empty
  std::span<const PageColumn> columns{};            ///< as CSV, where that is wanted; static. None: JSON alone
};

/// What a reader wants of all nodes, into `selection`: the parameters site, liveness and filter, those of them that the route takes, and
/// `wanted`, within the scope of who asks. Returns what refuses a parameter that is not understood.
std::optional<HttpResponse> read_selection(const Call& call, std::optional<FilterNode> wanted, NodeSelection& selection);

/// Answers {"nodes": […], "next": …} by the parameters site, liveness, filter, limit and cursor, those of them that the route takes. A
/// page looks at a few chunks of the node table at most, so it may be short and still not be the last. Thread: http.
Outcome list_nodes(const Call& call, NodeList list);

}  // namespace capmap
