#include "controller/find/match.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

#include "controller/find/cell_fit.hpp"
#include "controller/find/judge.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

/// What one cell adds to the place it is offered in.
struct CellOffer {
  std::uint32_t site = 0, place = 0;  ///< place: the pool where one pool is wanted, else 0
  std::uint32_t pool = 0, hardware = 0;
  SureNodes nodes;
  std::uint64_t accelerators = 0;
  U128 rate_mflops = 0, maybe_mflops = 0;
  std::uint32_t largest_free = 0;
  [[nodiscard]] auto block() const { return std::tuple(site, place, pool, hardware); }
};

class Finder {
 public:
  Finder(const MapView& view, const Demand& demand, const std::function<bool(std::uint32_t)>& within)
      : view_(view), demand_(demand), judge_(view, *dictionaries_of(view), demand, within) {
    for (std::size_t i = 0; i < kNeedCount; ++i) needs_[i].need = static_cast<Need>(i);
  }

  FindResult run() {
    const auto& cells = view_.cells;
    for (std::size_t block = 0; block < cells.block_count(); ++block) {
      const auto& keys = cells.keys(block);
      for (std::size_t i = 0; i < kBlockCells; ++i) {
        if (keys.state[i] != kFreeSlot) take(keys.key(i), keys.nodes[i], static_cast<CellSlot>(block * kBlockCells + i));
      }
    }
    make_offers();
    rank();
    conclude();
    return std::move(result_);
  }

 private:
  void take(const CellKey& key, std::uint64_t nodes, CellSlot slot) {
    if (!counts_as_installed(key.service) || !judge_.sees(key.site)) return;
    result_.considered_nodes += nodes;
    const auto failed = judge_.judge(key);
    const auto& hardware = judge_.hardware(key.hardware);
    for (auto left = failed.fails; left != 0; left &= left - 1) {
      const auto at = static_cast<std::size_t>(std::countr_zero(left));
      remove(static_cast<Need>(at), nodes, nodes * hardware.devices);
      if ((failed.unknown >> at & 1U) != 0) needs_[at].unknown_nodes += nodes;
    }
    if (std::popcount(failed.fails) > 1) return;
    const CellFit fit(view_.cells.cell(slot), hardware, demand_);
    if (failed.fails == 0) return offer(key, hardware, fit);
    const auto need = static_cast<Need>(std::countr_zero(failed.fails));
    needs_[static_cast<std::size_t>(need)].only_this_nodes += fit.nodes(need).sure;
  }

  void remove(Need need, std::uint64_t nodes, std::uint64_t accelerators) {
    auto& told = needs_[static_cast<std::size_t>(need)];
    told.removed_nodes += nodes;
    told.removed_accelerators += accelerators;
  }

  /// A cell that is what is asked for; what is free on its nodes decides.
  void offer(const CellKey& key, const HardwareFit& hardware, const CellFit& fit) {
    const auto found = fit.nodes();
    for (const auto need : {Need::kAccelerators, Need::kCores, Need::kMemory}) {
      if (!demand_.asks(need)) continue;
      const auto lacking = fit.lacking(need);
      remove(need, lacking, lacking * hardware.devices);
      auto& told = needs_[static_cast<std::size_t>(need)];
      told.unknown_nodes += fit.of(need).maybe;
      told.only_this_nodes += fit.nodes(need).sure - found.sure;
    }
    if (found.sure + found.maybe == 0) return;
    CellOffer offered{.site = key.site,
                      .place = demand_.together == Together::kPool ? key.pool : 0,
                      .pool = key.pool,
                      .hardware = key.hardware,
                      .nodes = found,
                      .accelerators = demand_.of_devices() ? fit.accelerators(found.sure) : 0,
                      .largest_free = fit.largest_free_accelerators()};
    offered.rate_mflops = U128{offered.accelerators} * hardware.device_mflops;
    const auto each = demand_.accelerators > 0 ? demand_.accelerators : hardware.matching;
    offered.maybe_mflops = U128{found.maybe} * each * hardware.device_mflops;
    offered_.push_back(offered);
  }

  void make_offers() {
    std::ranges::sort(offered_, {}, [](const CellOffer& one) { return one.block(); });
    const CellOffer* before = nullptr;
    std::uint64_t block_nodes = 0;
    for (const auto& one : offered_) {
      const bool same_place = before != nullptr && before->site == one.site && before->place == one.place;
      if (!same_place) begin(one);
      auto& made = result_.offers.back();
      if (!same_place || before->block() != one.block()) {
        block_nodes = 0;
        block_rate_ = 0;
      }
      block_nodes += one.nodes.sure;
      block_rate_ += one.rate_mflops;
      made.nodes += one.nodes.sure;
      made.maybe_nodes += one.nodes.maybe;
      made.accelerators += one.accelerators;
      made.rate_mflops += one.rate_mflops;
      maybe_rates_.back() += one.maybe_mflops;
      made.largest_free_accelerators = std::max(made.largest_free_accelerators, one.largest_free);
      if (block_nodes > made.largest.nodes) made.largest = {.nodes = block_nodes, .pool = one.pool, .hardware = one.hardware};
      if (enough(block_nodes, block_rate_)) made.reason = RankReason::kOneKind;
      before = &one;
    }
    for (std::size_t i = 0; i < result_.offers.size(); ++i) {
      auto& made = result_.offers[i];
      add(made, maybe_rates_[i]);
      if (made.reason == RankReason::kOneKind) continue;
      made.reason = enough(made.nodes, made.rate_mflops)                                        ? RankReason::kMixed
                    : enough(made.nodes + made.maybe_nodes, made.rate_mflops + maybe_rates_[i]) ? RankReason::kIfUnknown
                                                                                                : RankReason::kPart;
    }
  }

  void begin(const CellOffer& one) {
    result_.offers.push_back({.site = one.site, .pool = one.place});
    maybe_rates_.push_back(0);
  }
  void add(const FindOffer& made, U128 maybe_rate) {
    result_.nodes += made.nodes;
    result_.maybe_nodes += made.maybe_nodes;
    result_.accelerators += made.accelerators;
    result_.rate_mflops += made.rate_mflops;
    maybe_rate_ += maybe_rate;
  }
  [[nodiscard]] bool enough(std::uint64_t nodes, U128 rate) const { return nodes >= demand_.nodes && rate >= demand_.rate_mflops; }

  void rank() {
    const auto name = [this](const FindOffer& offer) -> const std::string& { return view_.sites[offer.site]->name; };
    std::ranges::sort(result_.offers, [&name](const FindOffer& a, const FindOffer& b) {
      const auto key = [](const FindOffer& offer) { return std::tuple(offer.reason, ~offer.nodes, ~offer.maybe_nodes); };
      if (key(a) != key(b)) return key(a) < key(b);
      if (name(a) != name(b)) return name(a) < name(b);
      return std::tie(a.site, a.pool) < std::tie(b.site, b.pool);
    });
    std::uint64_t nodes = 0;
    U128 rate = 0;
    for (auto& offer : result_.offers) {
      const bool alone = demand_.together != Together::kSpread;
      if (alone) nodes = 0, rate = 0;
      if (alone ? offer.reason > RankReason::kMixed : enough(nodes, rate) || offer.nodes == 0) continue;
      offer.takes_nodes = still_wanted(offer, nodes, rate);
      nodes += offer.takes_nodes;
      rate += offer.rate_mflops * offer.takes_nodes / offer.nodes;
    }
  }

  /// Nodes of an offer, where others have given so much: its nodes are taken as each doing its mean.
  [[nodiscard]] std::uint64_t still_wanted(const FindOffer& offer, std::uint64_t nodes, U128 rate) const {
    const auto for_nodes = demand_.nodes - std::min<std::uint64_t>(nodes, demand_.nodes);
    U128 for_rate = 0;
    if (rate < demand_.rate_mflops && offer.rate_mflops > 0) {
      for_rate = ((demand_.rate_mflops - rate) * offer.nodes + offer.rate_mflops - 1) / offer.rate_mflops;
    }
    return static_cast<std::uint64_t>(std::min<U128>(offer.nodes, std::max<U128>(for_nodes, for_rate)));
  }

  void conclude() {
    const auto best = result_.offers.empty() ? RankReason::kPart : result_.offers.front().reason;
    if (demand_.together == Together::kSpread) {
      const bool maybe = enough(result_.nodes + result_.maybe_nodes, result_.rate_mflops + maybe_rate_);
      result_.answer = enough(result_.nodes, result_.rate_mflops) ? FindAnswer::kYes : maybe ? FindAnswer::kMaybe : FindAnswer::kNo;
    } else {
      result_.answer = best <= RankReason::kMixed       ? FindAnswer::kYes
                       : best == RankReason::kIfUnknown ? FindAnswer::kMaybe
                                                        : FindAnswer::kNo;
    }
    for (const auto& need : needs_) {
      if (demand_.asks(need.need)) result_.needs.push_back(need);
    }
    const auto most = std::ranges::max_element(result_.needs, {},
                                               [](const FindNeed& need) { return std::tuple(need.only_this_nodes, need.removed_nodes); });
    if (most != result_.needs.end() && most->removed_nodes > 0) result_.removed_most = most->need;
  }

  const MapView& view_;
  const Demand& demand_;
  DemandJudge judge_;
  std::array<FindNeed, kNeedCount> needs_{};
  std::vector<CellOffer> offered_;
  std::vector<U128> maybe_rates_;  ///< [offer]
  U128 block_rate_ = 0, maybe_rate_ = 0;
  FindResult result_;
};

}  // namespace

FindResult find_capacity(const MapView& view, const Demand& demand, const std::function<bool(std::uint32_t site)>& within) {
  return Finder(view, demand, within).run();
}

}  // namespace capmap
