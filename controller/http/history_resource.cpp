// How use went: samples of regions, classes and models, or of one site, by steps of time.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "common/region_table.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultMs = 24 * 3'600'000ULL;

/// What figures a measure stands for, under the words of /v1/map.
struct MeasureWord {
  const char* word;
  std::span<const SampleColumn> figures;
};
constexpr std::array kNodes = {kSampleNodesInstalled, kSampleNodesAvailable};
constexpr std::array kCpu = {kSampleCpuUsed, kSampleCpuFree};
constexpr std::array kMemory = {kSampleMemoryUsed, kSampleMemoryFree};
constexpr std::array kStorage = {kSampleStorageUsed, kSampleStorageFree};
constexpr std::array kNetwork = {kSampleReceive, kSampleTransmit};
constexpr std::array kPower = {kSamplePower};
constexpr std::array kAccelerators = {kSampleAccelerators, kSampleAcceleratorsUsed, kSampleAcceleratorsFree, kSampleAcceleratorsUseUnknown,
                                      kSampleAcceleratorsUnhealthy};
constexpr std::array<MeasureWord, 7> kWords = {{{"nodes", kNodes},
                                                {"cpu_use", kCpu},
                                                {"memory_use", kMemory},
                                                {"storage_use", kStorage},
                                                {"network_use", kNetwork},
                                                {"power", kPower},
                                                {"accelerator_use", kAccelerators}}};

/// How an answer tells a figure: bytes as decimal texts, for their sums may pass 2^53; the rest as whole numbers.
struct Told {
  std::string name;
  std::uint64_t bytes = 0;  ///< in one of it; 0: it is no size
};
Told told_as(SampleColumn figure) {
  switch (figure) {
    case kSampleMemoryUsed: return {.name = "memory_used_bytes", .bytes = 1'048'576};
    case kSampleMemoryFree: return {.name = "memory_free_bytes", .bytes = 1'048'576};
    case kSampleStorageUsed: return {.name = "storage_used_bytes", .bytes = 1'000'000};
    case kSampleStorageFree: return {.name = "storage_free_bytes", .bytes = 1'000'000};
    default: return {.name = kSampleFigureNames[figure]};
  }
}

HttpResponse refusal(const char* word, std::string detail, std::vector<std::string> known = {}) {
  return problem_response({.status = 400, .word = word, .detail = std::move(detail), .known = std::move(known)});
}

/// The words of a list with commas; none of an empty text.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; !text.empty() && at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    words.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return words;
}

std::optional<HttpResponse> read_measures(const Target& target, std::vector<SampleColumn>& figures) {
  auto words = words_of(parameter(target, "measure").value_or(""));
  std::vector<std::string> known;
  known.reserve(kWords.size());
  for (const auto& measure : kWords) known.emplace_back(measure.word);
  if (words.empty()) words = known;
  for (const auto& word : words) {
    const auto* const found = std::ranges::find_if(kWords, [&word](const MeasureWord& measure) { return measure.word == word; });
    if (found == kWords.end()) return refusal("unknown-measure", "measure: \"" + word + "\" is not kept by history", known);
    for (const auto figure : found->figures) {
      if (std::ranges::find(figures, figure) == figures.end()) figures.push_back(figure);
    }
  }
  return std::nullopt;
}

std::optional<HttpResponse> read_groups(const Target& target, UsageQuestion& question) {
  for (const auto& word : words_of(parameter(target, "group_by").value_or(""))) {
    bool* const by = word == "region_2"            ? &question.by_region
                     : word == "compute_class"     ? &question.by_class
                     : word == "accelerator_model" ? &question.by_model
                                                   : nullptr;
    if (by == nullptr) {
      return refusal("unknown-dimension", "group_by: samples are not kept by \"" + word + "\"; one site's are told by site=",
                     {"region_2", "compute_class", "accelerator_model"});
    }
    if (*by) return refusal("unknown-dimension", "group_by: \"" + word + "\" stands there twice");
    *by = true;
  }
  return std::nullopt;
}

/// The id of a site by its s-… id or name; also of one that is no more, by its id.
std::optional<std::string> site_id(const MapView& view, const std::string& name_or_id) {
  if (parse_id<SiteId>(name_or_id)) return name_or_id;
  for (const auto& site : view.sites) {
    if (site && site->name == name_or_id) return to_text(site->id);
  }
  return std::nullopt;
}

std::optional<HttpResponse> read_place(const Call& call, UsageQuestion& question) {
  const auto region = parameter(call.target, "region").value_or(""), site = parameter(call.target, "site").value_or("");
  const bool grouped = question.by_region || question.by_class || question.by_model;
  if (!site.empty() && (grouped || !region.empty())) {
    return refusal("bad-question", "site: samples of a site are kept as a whole: without region and group_by");
  }
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!region.empty() && (region.size() != kDivisionDigits || !std::ranges::all_of(region, digit))) {
    return refusal("bad-question", "region: samples are kept by division: 2 digits, not \"" + region + "\"");
  }
  question.region_2 = region;
  if (site.empty()) return std::nullopt;
  const auto id = site_id(*call.view, site);
  if (!id) return refusal("unknown-site", "site: no site has the name or id \"" + site + "\"");
  question.site = *id;
  return std::nullopt;
}

/// Samples are of a site or a division as a whole: who has a scope is told of one that lies in it entirely.
std::optional<HttpResponse> refused_by_scope(const Call& call, const UsageQuestion& question) {
  const auto& principal = call.asker->principal;
  if (!principal.scoped()) return std::nullopt;
  if (!question.site.empty()) {
    const auto id = parse_id<SiteId>(question.site);
    std::string region;
    for (const auto& site : call.view->sites) {
      if (site && id && site->id == *id) region = site->region;
    }
    if (id && principal.may_touch(*id, region)) return std::nullopt;
    return out_of_scope("site " + question.site, principal);
  }
  const auto covers = [&question](const Scope& scope) {
    return std::ranges::any_of(scope.regions, [&](const std::string& code) { return question.region_2.starts_with(code); });
  };
  if (!question.region_2.empty() && std::ranges::all_of(principal.scopes, covers)) return std::nullopt;
  if (!question.region_2.empty()) return out_of_scope("division " + question.region_2, principal);
  return out_of_scope("history of all sites (ask with site=, or region= of a whole division)", principal);
}

std::optional<HttpResponse> read_time(const Call& call, UsageQuestion& question) {
  question.until_unix_ms = call.now_unix_ms + 1;
  for (const auto& [name, into] : {std::pair{"to", &question.until_unix_ms}, std::pair{"from", &question.from_unix_ms}}) {
    const auto text = parameter(call.target, name);
    if (!text && into == &question.from_unix_ms) *into = question.until_unix_ms - std::min(question.until_unix_ms, kDefaultMs);
    if (!text) continue;
    const auto time = parse_rfc3339(name, *text);
    if (!time) return error_response(time.error());
    *into = *time;
  }
  if (question.from_unix_ms >= question.until_unix_ms) return refusal("bad-question", "from: must be before to");
  const auto grain = parameter(call.target, "grain");
  if (!grain) return std::nullopt;
  std::vector<std::string> known;
  for (const auto& [word, ms] : kSteps) {
    known.emplace_back(word);
    if (*grain == word) question.step_ms = ms;
  }
  if (!question.step_ms) return refusal("unknown-grain", "grain: \"" + *grain + "\" is no step of history", known);
  return std::nullopt;
}

Json values_json(const std::vector<std::optional<std::uint64_t>>& values, std::uint64_t bytes) {
  Json list = Json::array();
  for (const auto& value : values) {
    if (!value) {
      list.push_back(nullptr);
    } else if (bytes == 0) {
      list.push_back(*value);
    } else {
      list.push_back(decimal(static_cast<U128>(*value) * bytes));
    }
  }
  return list;
}

Json usage_json(const UsageGroup& group, const UsageQuestion& question) {
  Json key = Json::object();
  if (!question.site.empty()) key["site"] = question.site;
  if (question.by_region) key["region_2"] = text_or_null(group.key.region_2);
  if (question.by_class) key["compute_class"] = text_or_null(group.key.compute_class);
  if (question.by_model) key["accelerator_model"] = text_or_null(group.key.accelerator_model);
  Json figures = Json::object();
  for (std::size_t i = 0; i < question.figures.size() && i < group.figures.size(); ++i) {
    const auto& figure = group.figures[i];
    const auto told = told_as(question.figures[i]);
    Json entry = {{"mean", values_json(figure.mean, told.bytes)},
                  {"min", values_json(figure.min, told.bytes)},
                  {"max", values_json(figure.max, told.bytes)}};
    if (!figure.unknown_nodes.empty()) entry["unknown_nodes"] = figure.unknown_nodes;
    figures[told.name] = std::move(entry);
  }
  return {{"key", std::move(key)}, {"figures", std::move(figures)}};
}

Outcome take_series(const UsageQuestion& question, const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<HistoryAnswer>(answer).what;
  if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
  const auto& series = std::get<UsageSeries>(what);
  Json groups = Json::array();
  for (const auto& group : series.groups) groups.push_back(usage_json(group, question));
  return json_response({{"from", rfc3339_ms(series.from_unix_ms)},
                        {"grain", step_word(series.step_ms)},
                        {"step_ms", series.step_ms},
                        {"steps", series.samples.size()},
                        {"sampled_by", step_word(series.sample_ms)},
                        {"why_coarser", text_or_null(series.why_coarser)},
                        {"extremes", series.bounds ? "bounds" : "met"},
                        {"samples", series.samples},
                        {"groups", std::move(groups)}});
}

}  // namespace

Outcome get_history(const Call& call) {
  UsageQuestion question;
  if (auto refused = read_measures(call.target, question.figures)) return *refused;
  if (auto refused = read_groups(call.target, question)) return *refused;
  if (auto refused = read_place(call, question)) return *refused;
  if (auto refused = refused_by_scope(call, question)) return *refused;
  if (auto refused = read_time(call, question)) return *refused;
  return Ask{.question = HistoryRequest{.ticket = 0, .what = question},
             .then = [question](const Answer& answer) { return take_series(question, answer); }};
}

}  // namespace capmap
