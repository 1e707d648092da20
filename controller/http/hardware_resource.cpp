// Kinds of hardware on the map: what a server of each has, and how many stand where.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/finding_json.hpp"
#include "controller/http/hardware_json.hpp"
#include "controller/http/page_form.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/view_head.hpp"
#include "controller/map/hardware_census.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultLimit = 100, kMaxLimit = 1'000;

constexpr std::array<PageColumn, 22> kColumns = {{{"id", "/id"},
                                                  {"nodes", "/nodes/installed"},
                                                  {"fresh", "/nodes/by_liveness/fresh"},
                                                  {"lost", "/nodes/by_liveness/lost"},
                                                  {"contradicted", "/nodes/by_verdict/contradicted"},
                                                  {"sites", "/sites"},
                                                  {"architecture", "/cpu/architecture"},
                                                  {"cpu_vendor", "/cpu/vendor"},
                                                  {"cpu_model", "/cpu/model"},
                                                  {"microarchitecture", "/cpu/microarchitecture"},
                                                  {"packages", "/cpu/packages"},
                                                  {"cores", "/cpu/cores"},
                                                  {"pus", "/cpu/pus"},
                                                  {"memory_bytes", "/memory_bytes"},
                                                  {"accelerators", "/accelerators_text"},
                                                  {"disks", "/disks_text"},
                                                  {"nics", "/nics_text"},
                                                  {"cpu_fp64_mflops", "/peak/cpu/fp64_mflops"},
                                                  {"cpu_fp32_mflops", "/peak/cpu/fp32_mflops"},
                                                  {"accelerators_fp32_mflops", "/peak/accelerators/fp32_mflops"},
                                                  {"accelerators_fp16_mflops", "/peak/accelerators/fp16_mflops"},
                                                  {"unrated", "/unrated_text"}}};

Json counts_json(const HardwareCount& count) {
  Json liveness = Json::object(), verdicts = Json::object();
  for (std::size_t i = 0; i < kLivenessCount; ++i) liveness[kLivenessNames[i]] = count.by_liveness[i];
  for (std::size_t i = 0; i < kVerdictNames.size(); ++i) verdicts[kVerdictNames[i]] = count.by_verdict[i];
  return {{"installed", count.installed}, {"by_liveness", std::move(liveness)}, {"by_verdict", std::move(verdicts)}};
}

Json row_json(const HardwareCount& count, const MapView& view, bool csv) {
  const auto& hardware = *view.hardware[count.hardware];
  Json row = hardware_json(&hardware);
  row["nodes"] = counts_json(count);
  row["sites"] = count.sites;
  add_device_rows(row, hardware);
  row["findings"] = findings_json(hardware.findings);
  if (csv) add_device_texts(row, hardware);
  return row;
}

}  // namespace

Outcome get_hardware(const Call& call) {
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kDefaultLimit)), 1, kMaxLimit);
  if (!limit) return error_response(limit.error());
  std::optional<FilterNode> filter;
  if (const auto text = parameter(call.target, "filter"); text && !text->empty()) {
    auto parsed = parse_filter(*text);
    if (!parsed) return problem_response({.status = 400, .word = "bad-filter", .detail = parsed.error().what});
    if (asks_nodes(*parsed)) {
      return problem_response({.status = 400,
                               .word = "bad-filter",
                               .detail = "filter: kinds of hardware are told apart by what cells know, not by host name, version or label",
                               .known = {kDimensionNames.begin(), kDimensionNames.end()}});
    }
    filter = std::move(*parsed);
  }
  filter = both(scope_filter(call.asker->principal, *call.view), std::move(filter));
  auto all = hardware_census(*call.view, filter);
  const bool unknown = !all.empty() && !call.view->hardware[all.front().hardware];
  Json answer = view_head(call);
  if (call.asker->principal.scoped()) answer["scope"] = scope_text(call.asker->principal);
  answer["hardware_unknown_nodes"] = unknown ? all.front().installed : 0;
  if (unknown) all.erase(all.begin());
  answer["hardware_count"] = all.size();
  // The id of the last one of the page before: rows that come or go meanwhile shift nothing.
  auto first = all.begin();
  if (const auto cursor = parameter(call.target, "cursor")) {
    const auto last = parse_id<ShapeId>(*cursor);
    if (!last) return error_response(Error{ErrorCode::kMalformed, "cursor: must be what \"next\" of the page before said"});
    first = std::ranges::upper_bound(all, last->bytes, {},
                                     [&](const HardwareCount& count) { return call.view->hardware[count.hardware]->id.bytes; });
  }
  const auto shown = std::min<std::size_t>(static_cast<std::size_t>(all.end() - first), *limit);
  const std::span<HardwareCount> page(first, shown);
  count_sites(*call.view, filter, page);
  const PageForm form(call);
  Json rows = Json::array();
  for (const auto& count : page) rows.push_back(row_json(count, *call.view, form.csv()));
  const bool more = first + static_cast<std::ptrdiff_t>(shown) != all.end();
  answer["next"] = more ? rows.back().at("id") : Json(nullptr);
  answer["hardware"] = std::move(rows);
  return form.response(answer, "hardware", kColumns);
}

}  // namespace capmap
