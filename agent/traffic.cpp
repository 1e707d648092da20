#include "agent/traffic.hpp"

#include <algorithm>

#include "agent/rate.hpp"
#include "common/coarse_rate.hpp"

namespace capmap {
namespace {

std::uint8_t coarse_growth(std::optional<std::uint64_t> grown, std::uint64_t scale, std::uint64_t elapsed_ms) {
  return coarse_rate(grown ? rate_of(*grown, scale, elapsed_ms) : std::nullopt);
}

}  // namespace

Traffic traffic_between(const std::vector<TrafficCounters>& before, const std::vector<TrafficCounters>& after, std::uint64_t scale,
                        std::uint64_t elapsed_ms, const std::vector<std::string>& order) {
  Traffic traffic{.in = {}, .out = {}, .devices = std::vector<DeviceTraffic>(order.size())};
  std::uint64_t in_sum = 0, out_sum = 0;
  bool any = false, all_known = true;
  for (const auto& now : after) {
    const auto was = std::ranges::find(before, now.name, &TrafficCounters::name);
    if (was == before.end()) continue;
    const auto in = growth(was->in, now.in), out = growth(was->out, now.out);
    const auto place = static_cast<std::size_t>(std::ranges::find(order, now.name) - order.begin());
    if (place < order.size()) {
      traffic.devices[place] = {.in = coarse_growth(in, scale, elapsed_ms), .out = coarse_growth(out, scale, elapsed_ms)};
    }
    any = true;
    all_known = all_known && in && out;
    all_known = all_known && !__builtin_add_overflow(in_sum, in.value_or(0), &in_sum);
    all_known = all_known && !__builtin_add_overflow(out_sum, out.value_or(0), &out_sum);
  }
  if (!any || !all_known) return traffic;
  traffic.in = rate_of(in_sum, scale, elapsed_ms);
  traffic.out = rate_of(out_sum, scale, elapsed_ms);
  return traffic;
}

}  // namespace capmap
