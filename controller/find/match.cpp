#include "controller/find/match.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "controller/find/sweep.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {
namespace {

/// By place, then by block. Cells of a site lie close together, so that the first sort finds most of it done.
void order(std::vector<CellOffer>& offers, std::size_t sites) {
  std::vector<std::uint32_t> begins(sites + 1);
  for (const auto& one : offers) ++begins[one.site + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<CellOffer> ordered(offers.size());
  auto next = begins;
  for (const auto& one : offers) ordered[next[one.site]++] = one;
  for (std::size_t site = 0; site < sites; ++site) {
    const auto at = [&](std::uint32_t index) { return ordered.begin() + static_cast<std::ptrdiff_t>(index); };
    std::sort(at(begins[site]), at(begins[site + 1]), [](const CellOffer& a, const CellOffer& b) {
      return std::tie(a.place, a.pool, a.hardware) < std::tie(b.place, b.pool, b.hardware);
    });
  }
  offers = std::move(ordered);
}

class Finder {
 public:
  Finder(const MapView& view, const Demand& demand, const std::function<bool(std::uint32_t)>& within)
      : view_(view), demand_(demand), judge_(view, *dictionaries_of(view), demand, within) {}

  FindResult run() {
    swept_ = sweep_cells(view_, judge_, NodeNeeds(demand_));
    result_.considered_nodes = swept_.considered_nodes;
    order(swept_.offers, view_.sites.size());
    make_offers();
    rank();
    conclude();
    return std::move(result_);
  }

 private:
  void make_offers() {
    const CellOffer* before = nullptr;
    std::uint64_t block_nodes = 0;
    U128 block_rate = 0;
    for (const auto& one : swept_.offers) {
      const bool same_place = before != nullptr && before->site == one.site && before->place == one.place;
      if (!same_place) begin(one);
      auto& made = result_.offers.back();
      if (!same_place || before->pool != one.pool || before->hardware != one.hardware) {
        block_nodes = 0;
        block_rate = 0;
      }
      const auto& hardware = judge_.hardware(one.hardware);
      const auto rate = U128{one.accelerators} * hardware.device_mflops;
      const auto each = demand_.accelerators > 0 ? demand_.accelerators : hardware.matching;
      block_nodes += one.sure;
      block_rate += rate;
      made.nodes += one.sure;
      made.maybe_nodes += one.maybe;
      made.accelerators += one.accelerators;
      made.rate_mflops += rate;
      maybe_rates_.back() += U128{one.maybe} * each * hardware.device_mflops;
      made.largest_free_accelerators = std::max<std::uint32_t>(made.largest_free_accelerators, one.largest_free);
      if (block_nodes > made.largest.nodes) made.largest = {.nodes = block_nodes, .pool = one.pool, .hardware = one.hardware};
      if (enough(block_nodes, block_rate)) made.reason = RankReason::kOneKind;
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

  /// What an offer is ranked by, before its name; and where it stood.
  struct Rank {
    RankReason reason = RankReason::kPart;
    std::uint64_t fewer = 0, maybe_fewer = 0;
    std::uint32_t at = 0;
  };

  void sort_offers() {
    std::vector<Rank> ranks;
    ranks.reserve(result_.offers.size());
    for (const auto& offer : result_.offers) {
      ranks.push_back({offer.reason, ~offer.nodes, ~offer.maybe_nodes, static_cast<std::uint32_t>(ranks.size())});
    }
    std::ranges::sort(ranks, [this](const Rank& a, const Rank& b) {
      if (a.reason != b.reason) return a.reason < b.reason;
      if (a.fewer != b.fewer) return a.fewer < b.fewer;
      if (a.maybe_fewer != b.maybe_fewer) return a.maybe_fewer < b.maybe_fewer;
      const auto &one = result_.offers[a.at], &other = result_.offers[b.at];
      if (one.site == other.site) return one.pool < other.pool;
      const auto by_name = view_.sites[one.site]->name <=> view_.sites[other.site]->name;
      return by_name != 0 ? by_name < 0 : one.site < other.site;
    });
    std::vector<FindOffer> sorted;
    sorted.reserve(ranks.size());
    for (const auto& rank : ranks) sorted.push_back(result_.offers[rank.at]);
    result_.offers = std::move(sorted);
  }

  void rank() {
    sort_offers();
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
    for (const auto& need : swept_.needs) {
      if (demand_.asks(need.need)) result_.needs.push_back(need);
    }
    const auto most = std::ranges::max_element(result_.needs, {},
                                               [](const FindNeed& need) { return std::tuple(need.only_this_nodes, need.removed_nodes); });
    if (most != result_.needs.end() && most->removed_nodes > 0) result_.removed_most = most->need;
  }

  const MapView& view_;
  const Demand& demand_;
  DemandJudge judge_;
  Swept swept_;
  std::vector<U128> maybe_rates_;  ///< [offer]
  U128 maybe_rate_ = 0;
  FindResult result_;
};

}  // namespace

FindResult find_capacity(const MapView& view, const Demand& demand, const std::function<bool(std::uint32_t site)>& within) {
  return Finder(view, demand, within).run();
}

}  // namespace capmap
