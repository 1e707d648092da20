// What an admin settles of keys that spoke from two places.
#include <algorithm>
#include <utility>

#include "common/log.hpp"
#include "controller/admission.hpp"

namespace capmap {

Result<Done> keep_clone(Store& store, const Clone& clone) {
  const auto known = store.find_clone(clone.node);
  if (!known) return known.error();
  if (!*known) {
    const auto node = store.find_node(clone.node);
    if (!node) return node.error();
    if (!*node) return Done{};  // removed meanwhile
  }
  const bool settled = *known && (*known)->settled_unix_ms != 0;
  const bool is_new = !*known || (settled && clone.since_unix_ms > (*known)->settled_unix_ms);
  if (settled && !is_new) return Done{};
  auto done = store.begin();
  if (done) done = store.put_clone(clone);
  if (done && is_new) {
    std::string runs;
    for (const auto& run : clone.runs) runs += (runs.empty() ? "runs of " : ", ") + run.hostname;
    done = store.add_audit(
        {.at_unix_ms = clone.since_unix_ms, .who = "map", .what = "clone_found", .subject = to_text(clone.node), .detail = runs});
  }
  if (done) done = store.commit();
  if (!done) store.roll_back();
  if (done && is_new) {
    log_warn("clone_found", {{"node", to_text(clone.node)}, {"runs", clone.runs.size()}, {"fix", "capmapctl nodes clones settle"}});
  }
  return done;
}

Result<Change> carry_out(Store& store, const SettleClone& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto found = store.find_clone(request.node);
  if (!found) return found.error();
  if (!*found || (*found)->settled_unix_ms != 0) {
    return Change{
        Error{ErrorCode::kAbsent, "the key of node " + to_text(request.node) + " does not speak from two places, or that is settled"}};
  }
  Clone clone = **found;
  if (std::ranges::find(clone.runs, request.keep_run, &CloneRun::run_id) == clone.runs.end()) {
    return Change{Error{ErrorCode::kMalformed, "keep: the node has no such run; capmapctl nodes clones lists them"}};
  }
  for (auto& run : clone.runs) run.refused = run.run_id != request.keep_run;
  clone.settled_unix_ms = std::max(now_unix_ms, clone.since_unix_ms);
  if (auto put = store.put_clone(clone); !put) return put.error();
  const auto& kept = *std::ranges::find(clone.runs, request.keep_run, &CloneRun::run_id);
  if (auto put = store.add_audit({.at_unix_ms = now_unix_ms,
                                  .who = "admin",
                                  .what = "clone_settled",
                                  .subject = to_text(request.node),
                                  .detail = "kept the run of " + kept.hostname});
      !put) {
    return put.error();
  }
  return Change{CloneSettled{.node = request.node, .keep_run = request.keep_run}};
}

}  // namespace capmap
