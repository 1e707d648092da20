#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "controller/find/cell_fit.hpp"
#include "controller/find/judge.hpp"
#include "controller/find/match.hpp"

namespace capmap {

/// What one cell adds to the place it is offered in.
struct CellOffer {
  std::uint32_t site = 0, place = 0;  ///< place: the pool where one pool is wanted, else 0
  std::uint32_t pool = 0, hardware = 0;
  std::uint32_t sure = 0, maybe = 0;  ///< nodes
  std::uint64_t accelerators = 0;
  std::uint8_t largest_free = 0;
};

/// What a pass over all cells finds: what each need removed, and what is offered where.
struct Swept {
  std::array<FindNeed, kNeedCount> needs{};
  std::uint64_t considered_nodes = 0;
  std::vector<CellOffer> offers;  ///< in no order
};
/// Cost: each cell's key; more than that only of cells that fail one need at most and could have what nodes are asked for.
Swept sweep_cells(const MapView& view, DemandJudge& judge, const NodeNeeds& needs);

}  // namespace capmap
