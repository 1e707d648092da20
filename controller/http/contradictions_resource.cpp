// Nodes that cannot be what they say: what they claim against what is plausible, and since when.
#include <nlohmann/json.hpp>

#include "controller/http/finding_json.hpp"
#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/http/node_list.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/view_head.hpp"

namespace capmap {
namespace {

Json contradiction_json(const NodeRow& row, const MapView& view, std::uint64_t now_boot_ms) {
  const Json summary = node_summary(row, view, now_boot_ms);
  Json node = Json::object();
  for (const char* name : {"id", "hostname", "site", "liveness", "service_state", "in_totals", "labels"}) node[name] = summary.at(name);
  node["since"] = since_json(row.contradicted_since_boot_ms, view);
  node["findings"] = findings_json(row.findings, true);
  return node;
}

/// Reasons are counted for the whole map alone.
void add_reasons(Json& head, const Call& call) {
  head["by_reason"] = nullptr;
  head["by_reason_why"] = nullptr;
  if (call.asker->principal.scoped()) {
    head["by_reason_why"] = "reasons are counted for the whole map: within a scope count those of the nodes listed";
    return;
  }
  Json by_reason = Json::object();
  for (std::size_t i = 0; i < kDoubtCount; ++i) {
    if (call.view->doubts[i] != 0) by_reason[kDoubtWords[i]] = call.view->doubts[i];
  }
  head["by_reason"] = std::move(by_reason);
}

}  // namespace

Outcome get_contradictions(const Call& call) {
  NodeList list;
  list.only = *parse_filter("verdict = contradicted");
  list.line = [view = call.view, boot_ms = call.now_boot_ms](const NodeRow& row) { return contradiction_json(row, *view, boot_ms); };
  Json head = view_head(call);
  head["contradicted"] = contradicted_json(*call.view, call.asker->principal);
  add_reasons(head, call);
  list.rest = [head](Json& answer) {
    for (const auto& [name, value] : head.items()) answer[name] = value;
  };
  return list_nodes(call, std::move(list));
}

}  // namespace capmap
