// The chip table in force, with what of it stands on the map; and what stands there that no row of it rates.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "common/chip_table.hpp"
#include "controller/http/chips_json.hpp"
#include "controller/http/page_form.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/view_head.hpp"
#include "controller/map/chip_census.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultLimit = 100, kMaxLimit = 1'000;
constexpr std::array kParts = {"cpu", "gpu", "npu", "fpga", "other"};

constexpr std::array<PageColumn, 28> kChipColumns = {{{"part", "/part"},
                                                      {"vendor", "/vendor"},
                                                      {"name", "/name"},
                                                      {"covers", "/covers"},
                                                      {"fp64", "/rates/fp64"},
                                                      {"fp64_matrix", "/rates/fp64_matrix"},
                                                      {"fp32", "/rates/fp32"},
                                                      {"fp32_matrix", "/rates/fp32_matrix"},
                                                      {"tf32", "/rates/tf32"},
                                                      {"fp16", "/rates/fp16"},
                                                      {"bf16", "/rates/bf16"},
                                                      {"fp8", "/rates/fp8"},
                                                      {"fp4", "/rates/fp4"},
                                                      {"int8", "/rates/int8"},
                                                      {"int4", "/rates/int4"},
                                                      {"rate_unit", "/rate_unit"},
                                                      {"memory_bytes", "/memory_bytes"},
                                                      {"bandwidth_mbs", "/bandwidth_mbs"},
                                                      {"tdp_watts", "/tdp_watts"},
                                                      {"confidence", "/confidence"},
                                                      {"unsourced", "/unsourced"},
                                                      {"unrated", "/unrated"},
                                                      {"own", "/own"},
                                                      {"nodes", "/standing/nodes"},
                                                      {"parts", "/standing/parts"},
                                                      {"notes", "/notes"},
                                                      {"source", "/source"},
                                                      {"catalog", "/catalog"}}};
constexpr std::array<PageColumn, 15> kUnratedColumns = {{{"id", "/id"},
                                                         {"part", "/part"},
                                                         {"vendor", "/seen/vendor"},
                                                         {"model", "/seen/model"},
                                                         {"identity", "/seen/identity"},
                                                         {"architecture", "/seen/architecture"},
                                                         {"pci_id", "/seen/pci_id"},
                                                         {"subsystem_id", "/seen/subsystem_id"},
                                                         {"memory_bytes", "/seen/memory_bytes"},
                                                         {"nodes", "/nodes"},
                                                         {"parts", "/parts"},
                                                         {"site_count", "/sites/count"},
                                                         {"sites", "/sites/names"},
                                                         {"why", "/why"},
                                                         {"would_identify", "/would_identify"}}};

std::vector<bool> sites_in_scope(const Call& call) {
  if (!call.asker->principal.scoped()) return {};
  std::vector<bool> at(call.view->sites.size());
  for (std::size_t i = 0; i < at.size(); ++i) at[i] = within_scope(call.asker->principal, *call.view, static_cast<std::uint32_t>(i));
  return at;
}

Json head_json(const Call& call, const ChipCensus& census) {
  Json head = view_head(call);
  if (call.asker->principal.scoped()) head["scope"] = scope_text(call.asker->principal);
  head["hardware_unknown_nodes"] = census.unknown_nodes;
  return head;
}

Outcome no_table() {
  return problem_response({.status = 503, .word = "no-chips", .detail = "this controller has no chip table"});
}

struct ChipQuestion {
  std::string part;
  bool standing = false;  ///< only what stands on the map
  std::size_t first = 0, limit = kDefaultLimit;
};

Result<ChipQuestion> read_question(const Call& call) {
  ChipQuestion question{.part = parameter(call.target, "part").value_or("")};
  if (!question.part.empty() && std::ranges::find(kParts, std::string_view(question.part)) == kParts.end()) {
    return Error{ErrorCode::kMalformed, "part: must be one of cpu, gpu, npu, fpga, other"};
  }
  if (const auto text = parameter(call.target, "standing")) {
    if (*text != "true" && *text != "false") return Error{ErrorCode::kMalformed, "standing: must be true or false"};
    question.standing = *text == "true";
  }
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kDefaultLimit)), 1, kMaxLimit);
  if (!limit) return limit.error();
  question.limit = *limit;
  // "VERSION.PLACE": places are of one edition of the table.
  const auto cursor = parameter(call.target, "cursor");
  if (!cursor) return question;
  const auto dot = cursor->rfind('.');
  const auto first = parse_count("cursor", dot == std::string::npos ? "" : cursor->substr(dot + 1), 0, UINT32_MAX);
  if (!first) return Error{ErrorCode::kMalformed, "cursor: must be what \"next\" of the page before said"};
  if (cursor->substr(0, dot) != call.view->chips->version()) {
    return Error{ErrorCode::kMalformed, "cursor: is of the table " + cursor->substr(0, dot) + ", and " + call.view->chips->version() +
                                            " is in force now: begin with the first page"};
  }
  question.first = *first;
  return question;
}

}  // namespace

Outcome get_chips(const Call& call) {
  if (!call.view->chips) return no_table();
  const auto question = read_question(call);
  if (!question) return error_response(question.error());
  const auto census = chip_census(*call.view, sites_in_scope(call));
  const auto list = call.view->chips->list();
  Json answer = head_json(call, census);
  Json chips = Json::array();
  Json next = nullptr;
  for (std::size_t i = question->first; i < list.size(); ++i) {
    if ((!question->part.empty() && list[i].part != question->part) || (question->standing && census.entries[i].nodes == 0)) continue;
    if (chips.size() == question->limit) {
      next = call.view->chips->version() + "." + std::to_string(i);
      break;
    }
    chips.push_back(chip_json(list[i]));
    chips.back()["standing"] = {{"nodes", census.entries[i].nodes}, {"parts", census.entries[i].parts}};
    chips.back()["catalog"] = call.view->chips->version();
  }
  answer["row_count"] = list.size();
  answer["unrated_count"] = census.unrated.size();
  answer["chips"] = std::move(chips);
  answer["next"] = std::move(next);
  return PageForm(call).response(answer, "chips", kChipColumns);
}

Outcome get_unrated_chips(const Call& call) {
  if (!call.view->chips) return no_table();
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kDefaultLimit)), 1, kMaxLimit);
  if (!limit) return error_response(limit.error());
  const auto after = parameter(call.target, "cursor").value_or("");
  const auto census = chip_census(*call.view, sites_in_scope(call));
  Json answer = head_json(call, census);
  Json unrated = Json::array();
  Json next = nullptr;
  for (auto at = std::ranges::upper_bound(census.unrated, after, {}, &UnratedChip::id); at != census.unrated.end(); ++at) {
    if (unrated.size() == *limit) {
      next = unrated.back().at("id");
      break;
    }
    unrated.push_back(unrated_chip_json(*at, *call.view));
  }
  answer["unrated_count"] = census.unrated.size();
  answer["unrated"] = std::move(unrated);
  answer["next"] = std::move(next);
  return PageForm(call).response(answer, "unrated", kUnratedColumns);
}

}  // namespace capmap
