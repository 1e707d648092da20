#include "controller/http/double_json.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "controller/http/scope_filter.hpp"

namespace capmap {

Json double_counts_json(const Call& call) {
  const auto& list = call.view->doubles;
  if (!list) return {{"suspected_nodes", 0}, {"left_out_nodes", 0}};
  if (!call.asker->principal.scoped()) return {{"suspected_nodes", list->suspected_nodes}, {"left_out_nodes", list->left_out_nodes}};
  std::set<NodeId> suspected, left_out;
  for (const auto& pair : list->pairs) {
    if (!within_scope(call.asker->principal, *call.view, pair.node.site)) continue;
    if (!within_scope(call.asker->principal, *call.view, pair.other.site)) continue;
    if (pair.state == DoubleState::kSuspected) suspected.insert({pair.node.node, pair.other.node});
    if (pair.left_out) left_out.insert(pair.node.node);
  }
  return {{"suspected_nodes", suspected.size()}, {"left_out_nodes", left_out.size()}};
}

}  // namespace capmap
