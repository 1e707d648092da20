// Samples of what is used, at their times.
#include "common/log.hpp"
#include "controller/history/history.hpp"

namespace capmap {

/// One that cannot be written is lost: the next one is due in a minute, and what is used now is in it.
Result<bool> History::sample_grain(Grain grain, const UsageSample& sample) {
  auto kept = samples_.append(grain, sample);
  if (!kept) {
    if (counters_.sample_failures++ % 60 == 0) log_error("sample_not_written", {{"what", kept.error().what}});
    return kept;
  }
  ++(*kept ? counters_.samples : counters_.samples_put_aside);
  return kept;
}

void History::sample(const MapView& view, std::uint64_t now_unix_ms) {
  const auto minute = now_unix_ms / kMinuteMs, quarter = now_unix_ms / rule_of(Grain::kSiteQuarter).step_ms;
  if (minute != sampled_minute_) {
    sampled_minute_ = minute;
    static_cast<void>(sample_grain(Grain::kRegionMinute, sample_regions(view, minute * kMinuteMs)));
  }
  if (quarter != sampled_quarter_) {
    sampled_quarter_ = quarter;
    static_cast<void>(sample_grain(Grain::kSiteQuarter, sample_sites(view, quarter * rule_of(Grain::kSiteQuarter).step_ms)));
  }
  if (const auto tidied = samples_.tidy(); !tidied && counters_.sample_failures++ % 60 == 0) {
    log_error("samples_not_tidied", {{"what", tidied.error().what}});
  }
}

}  // namespace capmap
