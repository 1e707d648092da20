// What an admin says of two nodes that look like one machine under two keys.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "controller/admission.hpp"

namespace capmap {
namespace {

/// Whether `from` is counted in `to`, in as many steps as there are.
bool leads_to(const std::vector<SettledDouble>& all, const NodeId& from, const NodeId& to) {
  std::multimap<NodeId, NodeId> counted_in;
  for (const auto& one : all) {
    if (one.same) counted_in.emplace(one.node, one.other);
  }
  std::set<NodeId> seen = {from};
  std::vector<NodeId> next = {from};
  while (!next.empty()) {
    const auto node = next.back();
    next.pop_back();
    if (node == to) return true;
    const auto [first, last] = counted_in.equal_range(node);
    for (auto at = first; at != last; ++at) {
      if (seen.insert(at->second).second) next.push_back(at->second);
    }
  }
  return false;
}

}  // namespace

Result<Change> carry_out(Store& store, const SettleDouble& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  if (request.node == request.other) return Change{Error{ErrorCode::kMalformed, "other: is the node itself"}};
  for (const auto& id : {request.node, request.other}) {
    const auto known = store.find_node(id);
    if (!known) return known.error();
    if (!*known) return Change{Error{ErrorCode::kAbsent, "no node has the id " + to_text(id)}};
  }
  const auto all = store.doubles();
  if (!all) return all.error();
  const auto of_pair = [&request](const SettledDouble& one) {
    return (one.node == request.node && one.other == request.other) || (one.node == request.other && one.other == request.node);
  };
  auto others = *all;
  std::erase_if(others, of_pair);
  if (others.size() >= kMostSettledDoubles) {
    return Change{Error{ErrorCode::kFull, "settled pairs of nodes: there are " + std::to_string(kMostSettledDoubles) +
                                              ", the most that are kept; capmapctl nodes remove forgets those of a node"}};
  }
  if (request.same && leads_to(others, request.other, request.node)) {
    return Change{Error{ErrorCode::kDenied, to_text(request.other) + " is counted in " + to_text(request.node) +
                                                " already, by what was confirmed before: neither would be in any total"}};
  }
  const SettledDouble settled{
      .node = request.node, .other = request.other, .same = request.same, .settled_unix_ms = std::max<std::uint64_t>(now_unix_ms, 1)};
  if (auto put = store.put_double(settled); !put) return put.error();
  if (auto put = store.add_audit({.at_unix_ms = now_unix_ms,
                                  .who = "admin",
                                  .what = request.same ? "double_confirmed" : "double_dismissed",
                                  .subject = to_text(request.node),
                                  .detail = (request.same ? "the same machine as " : "another machine than ") + to_text(request.other)});
      !put) {
    return put.error();
  }
  return Change{DoubleSettled{settled}};
}

}  // namespace capmap
