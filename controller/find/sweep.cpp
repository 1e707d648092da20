#include "controller/find/sweep.hpp"

#include <bit>

namespace capmap {
namespace {

class Sweep {
 public:
  Sweep(const MapView& view, DemandJudge& judge, const NodeNeeds& needs) : cells_(view.cells), judge_(judge), needs_(needs) {
    for (std::size_t i = 0; i < kNeedCount; ++i) swept_.needs[i].need = static_cast<Need>(i);
  }

  Swept run() {
    for (std::size_t block = 0; block < cells_.block_count(); ++block) {
      const auto& keys = cells_.keys(block);
      const auto* by_cell = judge_.block(keys);
      for (std::size_t run = 0; run < kBlockRuns; ++run) {
        if (keys.run_state[run] == kFreeSlot || !judge_.sees(keys.run_site[run])) continue;
        const auto& site = judge_.site(keys.run_site[run]);
        std::size_t from = 0;
        for (std::size_t i = run * kRunCells; i < (run + 1) * kRunCells; ++i) {
          const std::size_t state = keys.state[i];
          if (state == kFreeSlot || !counts_as_installed(service_of(state))) continue;
          const auto& hardware = judge_.hardware(keys.hardware[i]);
          auto failed = site.with(hardware.failed).with(judge_.state(state));
          if (by_cell != nullptr) failed = failed.with((*by_cell)[i]);
          const auto slot = static_cast<CellSlot>(block * kBlockCells + i);
          take({.keys = keys, .sums = cells_.sums(block), .histograms = cells_.histograms(slot), .at = i, .from = from}, failed, hardware);
        }
      }
    }
    return std::move(swept_);
  }

 private:
  FindNeed& told(Need need) { return swept_.needs[static_cast<std::size_t>(need)]; }

  void remove(Need need, std::uint64_t nodes, std::uint64_t accelerators) {
    told(need).removed_nodes += nodes;
    told(need).removed_accelerators += accelerators;
  }

  void take(const CellPlace& cell, const Failed& failed, const HardwareFit& hardware) {
    const std::uint64_t nodes = cell.keys.nodes[cell.at];
    swept_.considered_nodes += nodes;
    for (auto left = failed.fails; left != 0; left &= left - 1) {
      const auto need = static_cast<Need>(std::countr_zero(left));
      remove(need, nodes, nodes * hardware.devices);
      if ((failed.unknown >> static_cast<unsigned>(need) & 1U) != 0) told(need).unknown_nodes += nodes;
    }
    if (!std::has_single_bit(failed.fails) && failed.fails != 0) return;
    if (failed.fails == 0) return offer(cell, hardware);
    const auto need = static_cast<Need>(std::countr_zero(failed.fails));
    if (!CellFit::any_sure(cell, hardware, needs_, need)) return;
    told(need).only_this_nodes += CellFit(cell, hardware, needs_).nodes(need).sure;
  }

  /// A cell that is what is asked for; what is free on its nodes decides.
  void offer(const CellPlace& cell, const HardwareFit& hardware) {
    const CellFit fit(cell, hardware, needs_);
    const auto found = fit.nodes();
    for (const auto need : needs_.asked) {
      const auto lacking = fit.lacking(need);
      remove(need, lacking, lacking * hardware.devices);
      told(need).unknown_nodes += fit.of(need).maybe;
      told(need).only_this_nodes += fit.nodes(need).sure - found.sure;
    }
    if (found.sure + found.maybe == 0) return;
    const auto& keys = cell.keys;
    swept_.offers.push_back({.site = keys.site(cell.at),
                             .place = needs_.demand.together == Together::kPool ? keys.pool[cell.at] : 0,
                             .pool = keys.pool[cell.at],
                             .hardware = keys.hardware[cell.at],
                             .sure = static_cast<std::uint32_t>(found.sure),
                             .maybe = static_cast<std::uint32_t>(found.maybe),
                             .accelerators = needs_.of_devices ? fit.accelerators(found.sure) : 0,
                             .largest_free = fit.largest_free_accelerators()});
  }

  const CellColumns& cells_;
  DemandJudge& judge_;
  const NodeNeeds& needs_;
  Swept swept_;
};

}  // namespace

Swept sweep_cells(const MapView& view, DemandJudge& judge, const NodeNeeds& needs) {
  return Sweep(view, judge, needs).run();
}

}  // namespace capmap
