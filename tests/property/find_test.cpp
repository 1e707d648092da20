// find_capacity against a walk over whole cells that counts each node by itself.
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "controller/find/match.hpp"
#include "tests/support/map_agent.hpp"
#include "tests/support/seed.hpp"

using namespace capmap;
using namespace capmap::test;

namespace {

constexpr std::uint32_t kSites = 40, kRows = 6;
constexpr std::array<std::uint32_t, kRows> kCards = {0, 0, 2, 4, 8, 16}, kCores = {0, 32, 64, 64, 96, 96},
                                           kGib = {0, 128, 256, 512, 1'024, 512};
constexpr std::array kRegions = {"110108", "1502", "33", ""};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint32_t operator()(std::uint32_t below) { return static_cast<std::uint32_t>(engine_() % below); }

 private:
  std::mt19937_64 engine_;
};

MapView empty_view() {
  MapView view;
  view.sites = {nullptr};
  for (std::uint32_t i = 1; i <= kSites; ++i) {
    Site site;
    site.id = numbered_id<SiteId>(i);
    site.name = "site " + std::to_string(i % 7) + std::to_string(i);
    site.region = kRegions[i % kRegions.size()];
    if (i % 3 != 0) site.security_level = i % 5;
    view.sites.push_back(std::make_shared<const Site>(site));
  }
  view.hardware = {nullptr};
  for (std::size_t row = 1; row < kRows; ++row) {
    HardwareRow made;
    made.shape = server_shape(kCores[row], kGib[row], kCards[row]);
    made.accelerator_names.assign(made.shape.accelerators.size(), "NVIDIA H100 SXM5 80GB");
    view.hardware.push_back(std::make_shared<const HardwareRow>(made));
  }
  return view;
}

/// So many nodes that each told how much is free, or did not.
template <std::size_t N>
std::uint32_t spread(Dice& dice, std::uint32_t nodes, std::array<std::uint32_t, N>& histogram, std::size_t highest) {
  std::uint32_t silent = 0;
  for (std::uint32_t i = 0; i < nodes; ++i) {
    if (dice(6) == 0) {
      ++silent;
    } else {
      ++histogram[dice(static_cast<std::uint32_t>(std::min(highest, N - 1) + 1))];
    }
  }
  return silent;
}

Cell some_cell(Dice& dice) {
  Cell cell;
  cell.key = {.site = 1 + dice(kSites),
              .pool = 0,
              .hardware = dice(kRows),
              .liveness = static_cast<Liveness>(dice(5) == 0 ? dice(kLivenessCount) : static_cast<std::uint32_t>(Liveness::kFresh)),
              .service = static_cast<ServiceState>(dice(6) == 0 ? dice(kServiceCount) : 0),
              .verdict = static_cast<Verdict>(dice(2))};
  cell.nodes = dice(3) == 0 ? 1 : 1 + dice(60);
  const auto cards = kCards[cell.key.hardware];
  spread(dice, cell.nodes, cell.free_cores_histogram, 8);
  spread(dice, cell.nodes, cell.free_memory_gib_histogram, 11);
  cell.accelerators_use_unknown = cards * spread(dice, cell.nodes, cell.free_accelerators_histogram, cards);
  return cell;
}

struct Free {
  std::uint64_t sure = 0, maybe = 0;
};

/// A node by its bucket of powers of two.
Free of_powers(const Cell& cell, const std::array<std::uint32_t, kFreeBuckets>& histogram, std::uint64_t wanted, std::uint64_t installed) {
  Free found{.sure = 0, .maybe = cell.nodes};
  for (std::size_t bucket = 0; bucket < histogram.size(); ++bucket) {
    const std::uint64_t least = bucket == 0 ? 0 : 1ULL << (bucket - 1), most = bucket == 0 ? 0 : 2 * least - 1;
    found.maybe -= most < wanted || least >= wanted ? histogram[bucket] : 0;
    found.sure += least >= wanted ? histogram[bucket] : 0;
  }
  if (installed < wanted) found.maybe = 0;
  return found;
}

/// Cards are all of one kind, so that a free one is one that is wanted.
Free of_cards(const Cell& cell, std::uint32_t wanted) {
  Free found{.sure = 0, .maybe = cell.nodes};
  for (std::uint32_t free = 0; free < kFreeAcceleratorBuckets; ++free) {
    found.maybe -= cell.free_accelerators_histogram[free];
    found.sure += free >= wanted ? cell.free_accelerators_histogram[free] : 0;
  }
  return kCards[cell.key.hardware] < wanted ? Free{} : found;
}

struct Naive {
  std::map<Need, FindNeed> needs;
  std::map<std::uint32_t, Free> sites;
  std::uint64_t considered = 0;
  bool of_devices;

  Naive(const MapView& view, const std::vector<Cell>& cells, const Demand& demand) : of_devices(demand.of_devices()) {
    for (const auto& cell : cells) {
      if (counts_as_installed(cell.key.service)) look(view, cell, demand);
    }
  }
  void look(const MapView& view, const Cell& cell, const Demand& demand) {
    const auto row = cell.key.hardware;
    const auto& site = *view.sites[cell.key.site];
    considered += cell.nodes;
    std::map<Need, bool> failed;  // need: it is known
    if (!site.region.starts_with(demand.region)) failed[Need::kRegion] = !site.region.empty();
    if (demand.security_level && site.security_level.value_or(0) < *demand.security_level) {
      failed[Need::kSecurityLevel] = site.security_level.has_value();
    }
    if (cell.key.liveness != Liveness::kFresh) failed[Need::kFresh] = cell.key.liveness != Liveness::kResyncing;
    if (cell.key.service != ServiceState::kInService) failed[Need::kInService] = true;
    std::map<Need, Free> of_nodes;
    if (demand.accelerators > 0) of_nodes[Need::kAccelerators] = of_cards(cell, demand.accelerators);
    if (demand.cores > 0) of_nodes[Need::kCores] = of_powers(cell, cell.free_cores_histogram, demand.cores, pus_of(view, row));
    if (demand.memory_gib > 0) of_nodes[Need::kMemory] = of_powers(cell, cell.free_memory_gib_histogram, demand.memory_gib, kGib[row]);
    for (const auto& [need, free] : of_nodes) {
      if (row == kNoHardware) failed[need] = false;
      if (need == Need::kAccelerators && row != kNoHardware && kCards[row] < demand.accelerators) failed[need] = true;
    }
    const auto together = [&](std::optional<Need> without) {
      std::uint64_t lacking = 0, most = cell.nodes;
      for (const auto& [need, free] : of_nodes) {
        if (need == without) continue;
        lacking += cell.nodes - free.sure;
        most = std::min(most, free.sure + free.maybe);
      }
      const auto sure = cell.nodes - std::min<std::uint64_t>(cell.nodes, lacking);
      return Free{.sure = sure, .maybe = most - std::min(most, sure)};
    };
    for (const auto& [need, known] : failed) remove(need, cell.nodes, row, known ? 0 : cell.nodes);
    if (failed.size() == 1) needs[failed.begin()->first].only_this_nodes += together(failed.begin()->first).sure;
    if (!failed.empty()) return;
    const auto found = together(std::nullopt);
    for (const auto& [need, free] : of_nodes) {
      remove(need, cell.nodes - free.sure, row, free.maybe);
      needs[need].only_this_nodes += together(need).sure - found.sure;
    }
    if (found.sure + found.maybe == 0) return;
    sites[cell.key.site].sure += found.sure;
    sites[cell.key.site].maybe += found.maybe;
  }
  static std::uint64_t pus_of(const MapView& view, std::uint32_t row) {
    return row == 0 ? 0 : view.hardware[row]->shape.cpu.pus.value_or(0);
  }
  void remove(Need need, std::uint64_t nodes, std::uint32_t row, std::uint64_t unknown) {
    needs[need].removed_nodes += nodes;
    needs[need].removed_accelerators += nodes * (of_devices ? kCards[row] : 0);
    needs[need].unknown_nodes += unknown;
  }
};

Demand some_demand(Dice& dice) {
  Demand demand;
  demand.nodes = 1 + dice(50);
  const auto which = 1 + dice(7);
  if ((which & 1U) != 0) demand.accelerators = 1 + dice(8);
  if ((which & 2U) != 0) demand.cores = 1 + dice(100);
  if ((which & 4U) != 0) demand.memory_gib = 1 + dice(600);
  if (dice(3) == 0) demand.region = kRegions[dice(3)];
  if (dice(3) == 0) demand.security_level = 1 + dice(4);
  return demand;
}

}  // namespace

TEST_CASE("find: what is found, and what each need removed, is what a walk over whole cells counts") {
  Dice dice(run_seed());
  for (int round = 0; round < 40; ++round) {
    std::vector<Cell> cells;
    for (std::uint32_t i = 0; i < 600; ++i) cells.push_back(some_cell(dice));
    std::ranges::sort(cells, {}, &Cell::key);
    const auto same_key = [](const Cell& a, const Cell& b) { return a.key == b.key; };
    cells.erase(std::unique(cells.begin(), cells.end(), same_key), cells.end());
    auto view = empty_view();
    for (const auto& cell : cells) view.cells.push_back(cell);
    for (int i = 0; i < 10; ++i) {
      const auto demand = some_demand(dice);
      CAPTURE(round, i, demand.accelerators, demand.cores, demand.memory_gib, demand.region, demand.security_level.value_or(0));
      const auto found = find_capacity(view, demand, [](std::uint32_t) { return true; });
      const Naive naive(view, cells, demand);
      REQUIRE(found.considered_nodes == naive.considered);
      for (const auto& need : found.needs) {
        const auto at = naive.needs.find(need.need);
        const auto expected = at == naive.needs.end() ? FindNeed{} : at->second;
        INFO(kNeedNames[static_cast<std::size_t>(need.need)]);
        REQUIRE(need.removed_nodes == expected.removed_nodes);
        REQUIRE(need.removed_accelerators == expected.removed_accelerators);
        REQUIRE(need.unknown_nodes == expected.unknown_nodes);
        REQUIRE(need.only_this_nodes == expected.only_this_nodes);
      }
      REQUIRE(found.offers.size() == naive.sites.size());
      for (std::size_t k = 0; k < found.offers.size(); ++k) {
        const auto& offer = found.offers[k];
        REQUIRE(offer.nodes == naive.sites.at(offer.site).sure);
        REQUIRE(offer.maybe_nodes == naive.sites.at(offer.site).maybe);
        if (k == 0) continue;
        const auto& before = found.offers[k - 1];
        const auto rank = [&](const FindOffer& one) {
          return std::tuple(one.reason, ~one.nodes, ~one.maybe_nodes, view.sites[one.site]->name, one.site);
        };
        REQUIRE(rank(before) < rank(offer));
      }
    }
  }
}
