#include <nlohmann/json.hpp>
#include <utility>

#include "common/log.hpp"
#include "controller/http/json.hpp"
#include "controller/http/node_json.hpp"
#include "controller/http/node_list.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultBenchmarkSeconds = 10, kMaxBenchmarkSeconds = 3'600;

/// Asks the map thread about one node and makes the answer of its row; 404 when there is none.
template <class Make>
Outcome ask_for_node(const Call& call, NodeQuery query, Make make) {
  return Ask{.question = std::move(query), .then = [text = call.path_value, make](const Answer& answer) -> Outcome {
               if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
               const auto& found = std::get<NodeAnswer>(answer);
               if (found.rows.empty()) {
                 return problem_response({.status = 404, .word = "no-such-node", .detail = "no node has the id " + text});
               }
               return make(found.rows.front());
             }};
}

}  // namespace

Outcome get_nodes(const Call& call) {
  return list_nodes(
      call, {.line = [view = call.view, now_ms = call.now_boot_ms](const NodeRow& row) { return node_summary(row, *view, now_ms); }});
}

Outcome get_node(const Call& call) {
  const auto id = parse_id<NodeId>(call.path_value);
  if (!id) return error_response(id.error());
  return ask_for_node(call, {.ticket = 0, .id = *id}, [view = call.view, now_ms = call.now_boot_ms](const NodeRow& row) {
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
  return ask_for_node(call, {.ticket = 0, .id = *id, .benchmark_seconds = asked}, [asked](const NodeRow& row) {
    log_info("benchmark_asked", {{"node", to_text(row.id)}, {"seconds", asked}});
    return json_response({{"node", to_text(row.id)},
                          {"seconds", asked},
                          {"liveness", kLivenessNames[static_cast<std::size_t>(row.liveness)]},
                          {"measured_before", measured_json(row.measured)}},
                         202);
  });
}

}  // namespace capmap
