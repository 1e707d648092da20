#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "controller/find/demand.hpp"
#include "controller/map/cell_columns.hpp"
#include "controller/map/dictionaries.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// Needs as bits: what fails, and of that what fails because nobody knows.
struct Failed {
  std::uint32_t fails = 0, unknown = 0;
  void add(Need need, bool known) {
    const auto bit = std::uint32_t{1} << static_cast<unsigned>(need);
    fails |= bit;
    if (!known) unknown |= bit;
  }
  [[nodiscard]] Failed with(const Failed& other) const { return {.fails = fails | other.fails, .unknown = unknown | other.unknown}; }
};

/// A kind of hardware as a demand sees it.
struct HardwareFit {
  Failed failed;
  std::uint32_t devices = 0, matching = 0;         ///< accelerators of a node, and those that are what is asked for
  std::uint64_t device_mflops = 0;                 ///< the least that one matching device does at the precision
  std::optional<std::uint64_t> pus, memory_gib{};  ///< installed
};

/// A demand held against everything a cell is told by, before any cell is looked at. Borrows the view's tables.
class DemandJudge {
 public:
  DemandJudge(const MapView& view, const Dictionaries& dictionaries, const Demand& demand,
              const std::function<bool(std::uint32_t site)>& within);
  /// The asker may see it.
  [[nodiscard]] bool sees(std::uint32_t site) const { return site < seen_.size() && seen_[site] != 0; }
  [[nodiscard]] const HardwareFit& hardware(std::uint32_t index) const { return hardware_[index < hardware_.size() ? index : 0]; }
  /// Of all nodes at a site that the asker sees, and of all in a state (state_code()); what hardware fails stands at hardware().
  [[nodiscard]] const Failed& site(std::uint32_t index) const { return sites_[index]; }
  [[nodiscard]] const Failed& state(std::size_t code) const { return states_[code]; }
  /// What of kFilter and kComputeClass cells of a block fail; null: none does.
  const std::array<Failed, kBlockCells>* block(const CellKeys& keys);

 private:
  void judge_sites(const MapView& view, const Demand& demand, const std::function<bool(std::uint32_t)>& within);
  void judge_hardware(const MapView& view, const HardwareFigures& figures, const Demand& demand);

  std::vector<std::uint8_t> seen_;     ///< [site]
  std::vector<Failed> sites_;          ///< [site]
  std::vector<HardwareFit> hardware_;  ///< [hardware]
  std::array<Failed, kStateCount> states_;
  std::array<Failed, kBlockCells> block_;
  std::array<std::uint8_t, kBlockCells> keep_;
  std::optional<CellFilter> filter_, compute_class_;
};

}  // namespace capmap
