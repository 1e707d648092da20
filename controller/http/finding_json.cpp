#include "controller/http/finding_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/scope_filter.hpp"
#include "controller/http/words.hpp"

namespace capmap {
namespace {

Json claims_json(const ClaimedSums& sums) {
  return {{"nodes", sums.nodes},
          {"packages", sums.packages},
          {"cores", sums.cores},
          {"memory_bytes", decimal(sums.memory_bytes)},
          {"accelerators", sums.accelerators},
          {"storage_bytes", decimal(sums.storage_bytes)},
          {"fp64_mflops", decimal(sums.fp64_mflops)},
          {"fp32_mflops", decimal(sums.fp32_mflops)},
          {"fp16_mflops", decimal(sums.fp16_mflops)}};
}

}  // namespace

Json findings_json(const std::vector<Finding>& findings, bool contradictions_alone) {
  Json list = Json::array();
  for (const auto& finding : findings) {
    if (contradictions_alone && !finding.contradicts) continue;
    list.push_back({{"reason", kDoubtWords[static_cast<std::size_t>(finding.word)]},
                    {"contradicts", finding.contradicts},
                    {"claimed", text_or_null(finding.claimed)},
                    {"plausible", text_or_null(finding.plausible)},
                    {"text", finding.text}});
  }
  return list;
}

Json since_json(const std::optional<std::uint64_t>& since_boot_ms, const MapView& view) {
  if (!since_boot_ms) return nullptr;
  return rfc3339_ms(view.at_unix_ms - std::min(view.at_unix_ms, view.at_boot_ms) + std::min(view.at_boot_ms, *since_boot_ms));
}

Json contradicted_json(const MapView& view, const Principal& principal) {
  if (!view.contradicted) return nullptr;
  const auto within = [&](std::uint32_t site) { return within_scope(principal, view, site); };
  const auto sums = principal.scoped() ? contradicted_at(view, within) : *view.contradicted;
  return {{"policy", kBelieveWords[static_cast<std::size_t>(sums.policy)]},
          {"counted", claims_json(sums.counted)},
          {"left_out", claims_json(sums.left_out)}};
}

}  // namespace capmap
