#include "controller/history/sampler.hpp"

namespace capmap {

Sampler::Sampler(const SampleStore& store) : next_() {
  for (const auto grain : {Grain::kRegionMinute, Grain::kSiteQuarter}) {
    next_[static_cast<std::size_t>(grain)] = store.kept_until(grain) / rule_of(grain).step_ms;
  }
}

Result<Done> Sampler::turn(SampleStore& store, const MapView& view, std::uint64_t now_unix_ms) {
  for (const auto grain : {Grain::kRegionMinute, Grain::kSiteQuarter}) {
    const auto now = now_unix_ms / rule_of(grain).step_ms;
    auto& next = next_[static_cast<std::size_t>(grain)];
    if (!view.resync_over || now + 1 == next) continue;  // the sample of this minute is there; another one's is due, earlier ones too
    next = now + 1;
    const auto sample = grain == Grain::kRegionMinute ? sample_regions(view, now_unix_ms) : sample_sites(view, now_unix_ms);
    if (const auto kept = store.append(grain, sample); !kept) return kept.error();
  }
  if (const auto tidied = store.tidy(); !tidied) return tidied.error();
  return Done{};
}

}  // namespace capmap
