// Who could serve a demand now: there are no leases yet.
#include "controller/http/find_resource.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "controller/find/match.hpp"
#include "controller/http/json.hpp"
#include "controller/http/page_form.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/record_json.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/scope_filter.hpp"
#include "controller/http/view_head.hpp"
#include "controller/map/field_words.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMaxOffers = 1'000, kUsualOffers = 20;
constexpr std::uint64_t kMostNodes = 100'000'000, kMostOnANode = 1'000'000;
constexpr std::uint64_t kMostMflops = 1'000'000'000'000'000'000;  ///< 10^24 operations a second
constexpr std::array kKinds = {"gpu", "npu", "fpga", "other"};

constexpr std::array kColumns = {PageColumn{"rank", "/rank"},
                                 PageColumn{"reason", "/reason"},
                                 PageColumn{"site_id", "/site/id"},
                                 PageColumn{"site", "/site/name"},
                                 PageColumn{"region", "/site/region"},
                                 PageColumn{"pool_id", "/pool/id"},
                                 PageColumn{"pool", "/pool/name"},
                                 PageColumn{"nodes", "/nodes"},
                                 PageColumn{"maybe_nodes", "/maybe_nodes"},
                                 PageColumn{"takes_nodes", "/takes_nodes"},
                                 PageColumn{"accelerators", "/accelerators"},
                                 PageColumn{"rate_mflops", "/rate_mflops"},
                                 PageColumn{"largest_block_nodes", "/largest_block/nodes"},
                                 PageColumn{"largest_block_pool", "/largest_block/pool/name"},
                                 PageColumn{"largest_block_hardware", "/largest_block/hardware"},
                                 PageColumn{"largest_free_accelerators", "/largest_free_accelerators"}};

/// Takes the parameters of a demand one by one; the first that is wrong is what is said.
class DemandReader {
 public:
  explicit DemandReader(const Call& call) : call_(call) {}

  template <class Number>
  void count(const char* name, Number& to, std::uint64_t least, std::uint64_t most) {
    const auto text = parameter(call_.target, name);
    if (!text || wrong) return;
    const auto number = parse_count(name, *text, least, most);
    if (!number) {
      wrong = number.error();
    } else {
      to = static_cast<Number>(*number);
    }
  }
  void count(const char* name, std::optional<std::uint32_t>& to, std::uint64_t most) {
    if (!parameter(call_.target, name)) return;
    to.emplace();
    count(name, *to, 0, most);
  }
  void text(const char* name, std::string& to) { to = parameter(call_.target, name).value_or(""); }
  template <class Words>
  std::size_t word(const char* name, const Words& words) {
    const auto text = parameter(call_.target, name);
    if (!text || wrong) return words.size();
    const auto found = std::ranges::find_if(words, [&text](const char* one) { return *text == one; });
    if (found == words.end()) refuse(name, *text, words);
    return static_cast<std::size_t>(found - words.begin());
  }
  bool truth(const char* name) { return word(name, std::array{"false", "true"}) == 1; }

  std::optional<Error> wrong;

 private:
  template <class Words>
  void refuse(const char* name, const std::string& text, const Words& words) {
    std::string known;
    for (const char* one : words) known += (known.empty() ? "" : ", ") + std::string(one);
    wrong = Error{ErrorCode::kMalformed, std::string(name) + ": \"" + text + "\" is not one of " + known};
  }
  const Call& call_;
};

std::optional<Error> read_filter(const Call& call, Demand& demand) {
  const auto text = parameter(call.target, "filter");
  if (!text || text->empty()) return std::nullopt;
  auto filter = parse_filter(*text);
  if (!filter) return Error{ErrorCode::kMalformed, "filter: " + filter.error().what};
  if (asks_nodes(*filter)) {
    return Error{ErrorCode::kMalformed,
                 "filter: hostname, os, kernel, agent_version, virtualization and labels are known node by node, and this is answered "
                 "from sums: leave them out, and look at the offers with /v1/nodes"};
  }
  demand.filter = std::move(*filter);
  return std::nullopt;
}

/// A word that nothing can have would remove everything, and look like an answer.
std::optional<Error> check_words(const Call& call, const Demand& demand) {
  for (const auto& [name, text] : {std::pair{"owner_class", &demand.owner_class}, {"compute_class", &demand.compute_class}}) {
    const auto known = texts_of_field(name);
    if (text->empty() || std::ranges::find(known, *text) != known.end()) continue;
    const auto nearest = nearest_word(*text, known);
    return Error{ErrorCode::kMalformed, std::string(name) + ": \"" + *text + "\" is not one of " + joined_words(known) +
                                            (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?")};
  }
  const auto named = [&demand](const std::shared_ptr<const Site>& site) {
    return site && (site->name == demand.site || to_text(site->id) == demand.site);
  };
  if (demand.site.empty() || std::ranges::any_of(call.view->sites, named)) return std::nullopt;
  std::vector<std::string_view> known;
  for (const auto& site : call.view->sites) {
    if (site && may_see(call, *site)) known.push_back(site->name);
  }
  const auto nearest = nearest_word(demand.site, known);
  return Error{ErrorCode::kMalformed, "site: no site has the name or id \"" + demand.site + "\"" +
                                          (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?")};
}

Result<Demand> read_demand(const Call& call) {
  Demand demand;
  DemandReader reader(call);
  reader.count("nodes", demand.nodes, 1, kMostNodes);
  reader.count("accelerators", demand.accelerators, 1, kMostOnANode);
  reader.count("cores", demand.cores, 1, kMostOnANode);
  reader.count("memory_gib", demand.memory_gib, 1, kMostOnANode);
  reader.count("device_memory_gib", demand.device_memory_gib, kMostOnANode);
  reader.count("security_level", demand.security_level, 5);
  reader.count("device_rate_mflops", demand.device_rate_mflops, 1, kMostMflops);
  reader.count("rate_mflops", demand.rate_mflops, 1, kMostMflops);
  reader.text("model", demand.model);
  reader.text("vendor", demand.vendor);
  reader.text("site", demand.site);
  reader.text("region", demand.region);
  reader.text("owner", demand.owner);
  reader.text("owner_class", demand.owner_class);
  reader.text("compute_class", demand.compute_class);
  demand.rdma = reader.truth("rdma");
  demand.public_compute = reader.truth("public_compute");
  if (const auto kind = reader.word("kind", kKinds); kind < kKinds.size()) demand.kind = kKinds[kind];
  if (const auto at = reader.word("precision", kPrecisionNames); at < kPrecisionCount) demand.precision = static_cast<Precision>(at);
  if (const auto at = reader.word("together", kTogetherNames); at < kTogetherNames.size()) demand.together = static_cast<Together>(at);
  if (!reader.wrong) reader.wrong = check_words(call, demand);
  if (!reader.wrong) reader.wrong = read_filter(call, demand);
  if (reader.wrong) return *reader.wrong;
  if ((demand.device_rate_mflops > 0 || demand.rate_mflops > 0) && !demand.precision) {
    return Error{ErrorCode::kMalformed, "precision: must be said with a rate: peaks of different precisions are never compared"};
  }
  if (!demand.of_devices() && demand.cores == 0 && demand.memory_gib == 0) {
    return Error{ErrorCode::kMalformed,
                 "a demand says what each node must have free: accelerators (or what they are: model, vendor, kind, device_memory_gib, "
                 "precision), cores or memory_gib"};
  }
  return demand;
}

Json hardware_json(const MapView& view, std::uint32_t index) {
  const bool known = index < view.hardware.size() && view.hardware[index];
  return known ? Json(to_text(view.hardware[index]->id)) : Json(nullptr);
}

Json pool_at(const MapView& view, std::uint32_t index) {
  if (index == 0 || index >= view.pools.size() || !view.pools[index]) return nullptr;
  return {{"id", to_text(view.pools[index]->id)}, {"name", text_or_null(view.pools[index]->name)}};
}

Json offer_json(const MapView& view, const Demand& demand, const FindOffer& offer, std::size_t rank) {
  const auto& site = *view.sites[offer.site];
  Json json = {{"rank", rank},
               {"reason", kRankReasonNames[static_cast<std::size_t>(offer.reason)]},
               {"site", {{"id", to_text(site.id)}, {"name", text_or_null(site.name)}, {"region", text_or_null(site.region)}}},
               {"pool", pool_at(view, offer.pool)},
               {"nodes", offer.nodes},
               {"maybe_nodes", offer.maybe_nodes},
               {"takes_nodes", offer.takes_nodes},
               {"accelerators", demand.of_devices() ? Json(offer.accelerators) : Json(nullptr)},
               {"rate_mflops", demand.precision ? Json(decimal(offer.rate_mflops)) : Json(nullptr)},
               {"largest_block", nullptr},
               {"largest_free_accelerators", demand.of_devices() ? Json(offer.largest_free_accelerators) : Json(nullptr)}};
  if (offer.largest.nodes > 0) {
    json["largest_block"] = {{"nodes", offer.largest.nodes},
                             {"pool", pool_at(view, offer.largest.pool)},
                             {"hardware", hardware_json(view, offer.largest.hardware)}};
  }
  return json;
}

Json need_json(const FindNeed& need) {
  return {{"removed_nodes", need.removed_nodes},
          {"removed_accelerators", need.removed_accelerators},
          {"unknown_nodes", need.unknown_nodes},
          {"only_this_nodes", need.only_this_nodes}};
}

Json answer_json(const Call& call, const Demand& demand, const FindResult& found, std::size_t first, std::size_t limit) {
  Json answer = view_head(call);
  if (call.asker->principal.scoped()) answer["scope"] = scope_text(call.asker->principal);
  answer["answered_from"] = "cells";
  answer["answer"] = kFindAnswerNames[static_cast<std::size_t>(found.answer)];
  answer["wanted_nodes"] = demand.nodes;
  answer["together"] = kTogetherNames[static_cast<std::size_t>(demand.together)];
  answer["considered_nodes"] = found.considered_nodes;
  answer["nodes"] = found.nodes;
  answer["maybe_nodes"] = found.maybe_nodes;
  answer["accelerators"] = demand.of_devices() ? Json(found.accelerators) : Json(nullptr);
  answer["rate_mflops"] = demand.precision ? Json(decimal(found.rate_mflops)) : Json(nullptr);
  answer["offers"] = Json::array();
  const auto last = std::min(found.offers.size(), first + limit);
  for (auto i = first; i < last; ++i) answer["offers"].push_back(offer_json(*call.view, demand, found.offers[i], i + 1));
  answer["offer_count"] = found.offers.size();
  answer["next"] = last < found.offers.size() ? Json(std::to_string(last)) : Json(nullptr);
  answer["needs"] = Json::object();
  for (const auto& need : found.needs) answer["needs"][kNeedNames[static_cast<std::size_t>(need.need)]] = need_json(need);
  answer["removed_most"] = found.removed_most ? Json(kNeedNames[static_cast<std::size_t>(*found.removed_most)]) : Json(nullptr);
  return answer;
}

}  // namespace

Outcome get_find(const Call& call) {
  const auto demand = read_demand(call);
  if (!demand) return problem_response({.status = 400, .word = "bad-demand", .detail = demand.error().what});
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kUsualOffers)), 1, kMaxOffers);
  if (!limit) return error_response(limit.error());
  const auto first = parse_count("cursor", parameter(call.target, "cursor").value_or("0"), 0, UINT32_MAX);
  if (!first) return error_response(first.error());
  const PageForm form(call);
  auto etag = revision_etag(*call.view);
  etag.insert(etag.size() - 1, scope_tag(call.asker->principal));
  if (form.csv()) etag.insert(etag.size() - 1, "-csv");  // another text of the same map
  if (auto same = not_modified(call, etag)) {
    same->headers.emplace_back("Vary", "Accept");
    return *same;
  }
  const auto& principal = call.asker->principal;
  const auto found = find_capacity(*call.view, *demand, [&](std::uint32_t site) { return within_scope(principal, *call.view, site); });
  auto response = form.response(answer_json(call, *demand, found, *first, *limit), "offers", kColumns);
  response.headers.emplace_back("ETag", etag);
  return response;
}

}  // namespace capmap
