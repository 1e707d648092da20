// What the watchers cause at each turn of the http thread.
#include <algorithm>
#include <utility>

#include "controller/http/watchers.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kSweepParts = 4;  ///< a sweep asks this part of the watchers whether they are still let in

}  // namespace

std::vector<std::uint64_t> Watchers::turn() {
  const auto now_ms = clock_.boot_ms();
  if (any() && now_ms >= swept_at_ms_ + kSweepEveryMs) {
    swept_at_ms_ = now_ms;
    sweep();
  }
  if (totals_wanted_ != 0 && view_ && view_->revision != totals_.revision && now_ms >= totals_at_ms_ + kTotalsEveryMs && to_sum_.empty()) {
    sum_sites(view_);
    for (auto at = channels_.begin(); at != channels_.end();) {
      if (!at->second.expired()) to_sum_.push_back(at->second);
      at = at->second.expired() ? channels_.erase(at) : std::next(at);
    }
  }
  sum_channels();
  std::vector<std::uint64_t> ready;
  for (std::size_t i = 0; i < kWakesATurn && !to_wake_.empty(); ++i) {
    const auto number = to_wake_.front();
    to_wake_.pop_front();
    const auto found = watchers_.find(number);
    if (found != watchers_.end() && (found->second->look() || found->second->over())) ready.push_back(number);
  }
  if (to_wake_.empty() && std::exchange(wake_again_, false)) wake_all();
  return ready;
}

void Watchers::wake_all() {
  if (!to_wake_.empty()) {
    wake_again_ = true;
    return;
  }
  for (const auto& [number, watcher] : watchers_) to_wake_.push_back(number);
}

/// Pings who has heard nothing for long, and ends who would not be let in any more.
void Watchers::sweep() {
  const auto now_ms = clock_.boot_ms();
  const auto part = sweeps_++ % kSweepParts;
  for (const auto& [number, watcher] : watchers_) {
    if (watcher->ending()) continue;
    if (number % kSweepParts == part) {
      if (const auto why = gate_.why_over(watcher->standing()); !why.empty()) {
        ++turned_out_;
        watcher->end(why);
        to_wake_.push_back(number);
        continue;
      }
    }
    if (now_ms + kSweepEveryMs < watcher->written_ms() + kPingEveryMs) continue;
    watcher->ping();
    to_wake_.push_back(number);
  }
}

/// Totals of the view by site, where they are not known yet.
void Watchers::sum_sites(const std::shared_ptr<const MapView>& view) {
  if (totals_.view && (view->revision == totals_.revision || clock_.boot_ms() < totals_at_ms_ + kTotalsEveryMs)) return;
  totals_at_ms_ = clock_.boot_ms();
  if (!totals_.view || totals_.view->sites != view->sites) ++totals_.sites_version;
  totals_.view = view;
  totals_.revision = view->revision;
  totals_.at_unix_ms = view->at_unix_ms;
  totals_.by_site = totals_by_site(*view);
}

void Watchers::sum_channels() {
  std::size_t sites = 0;
  bool moved = false;
  while (!to_sum_.empty() && sites < kSitesATurn) {
    const auto channel = to_sum_.front().lock();
    to_sum_.pop_front();
    if (!channel) continue;
    const auto tick = channel->tick();
    channel->take(totals_);
    sites += totals_.by_site.size();
    moved = moved || channel->tick() != tick;
  }
  if (moved) wake_all();
}

}  // namespace capmap
