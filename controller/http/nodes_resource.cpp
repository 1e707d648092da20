#include <nlohmann/json.hpp>
#include <utility>

#include "common/log.hpp"
#include "controller/http/gate.hpp"
#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/http/node_list.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultBenchmarkSeconds = 10, kMaxBenchmarkSeconds = 3'600;

/// Asks the map thread about one node and makes the answer of its row; 404 when there is none.
template <class Make>
Outcome ask_for_row(const std::string& text, NodeQuery query, Make make) {
  return Ask{.question = std::move(query), .then = [text, make](const Answer& answer) -> Outcome {
               if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
               const auto& found = std::get<NodeAnswer>(answer);
               if (found.rows.empty()) {
                 return problem_response({.status = 404, .word = "no-such-node", .detail = "no node has the id " + text});
               }
               return make(found.rows.front());
             }};
}

template <class Make>
Outcome ask_for_node(const Call& call, NodeQuery query, Make make) {
  return ask_for_row(call.path_value, std::move(query), make);
}

}  // namespace

Outcome get_nodes(const Call& call) {
  return list_nodes(
      call, {.line = [view = call.view, now_ms = call.now_boot_ms](const NodeRow& row) { return node_summary(row, *view, now_ms); }});
}

Outcome get_node(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  return ask_for_node(call, {.ticket = 0, .id = *id},
                      [view = call.view, now_ms = call.now_boot_ms, asker = call.asker](const NodeRow& row) {
                        if (!within_scope(asker->principal, *view, row.site))
                          return out_of_scope("node " + to_text(row.id), asker->principal);
                        return json_response(node_detail(row, *view, now_ms));
                      });
}

Outcome post_benchmark(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  const auto object = BodyObject::parse(call.request.body, {"seconds"});
  if (!object) return error_response(object.error());
  const auto seconds = object->number("seconds", 1, kMaxBenchmarkSeconds);
  if (!seconds) return error_response(seconds.error());
  const auto asked = static_cast<std::uint32_t>(seconds->value_or(kDefaultBenchmarkSeconds));
  const auto order = [asked, asker = call.asker, &gate = call.gate](const NodeRow& row) -> Outcome {
    log_info("benchmark_asked", {{"node", to_text(row.id)}, {"seconds", asked}, {"by", asker->principal.name}});
    gate.note(*asker, "benchmark_asked", to_text(row.id), std::to_string(asked) + " s");
    return json_response({{"node", to_text(row.id)},
                          {"seconds", asked},
                          {"liveness", kLivenessNames[static_cast<std::size_t>(row.liveness)]},
                          {"measured_before", measured_json(row.measured)}},
                         202);
  };
  const NodeQuery query{.ticket = 0, .id = *id, .benchmark_seconds = asked};
  if (!call.asker->principal.scoped()) return ask_for_node(call, query, order);
  if (call.view == nullptr) return problem_response({.status = 503, .word = "no-view", .detail = "the map is not there yet"});
  // Where the node stands is asked first: with a scope nothing is ordered that could lie beyond it.
  const auto look = [query, order, text = call.path_value, view = call.view, asker = call.asker](const NodeRow& row) -> Outcome {
    if (!within_scope(asker->principal, *view, row.site)) return out_of_scope("node " + to_text(row.id), asker->principal);
    return ask_for_row(text, query, order);
  };
  return ask_for_node(call, {.ticket = 0, .id = *id}, look);
}

}  // namespace capmap
