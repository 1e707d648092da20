#pragma once
#include <array>
#include <cstdint>
#include <functional>

#include "controller/map/cell.hpp"
#include "controller/map/hardware_row.hpp"

namespace capmap {

struct MapView;

/// What contradicted nodes count for in totals.
enum class Believe : std::uint8_t { kCount, kExclude };
inline constexpr std::array<const char*, 2> kBelieveWords = {"count", "exclude"};
/// Whether what sites declare only stands beside what is found, or a card that is not declared contradicts its node.
inline constexpr std::array<const char*, 2> kDeclaredWords = {"beside", "binding"};

/// What contradicted nodes claim to have: those that stand in totals, and those that are left out of them (retired ones are in neither).
struct ClaimedSums {
  std::uint64_t nodes = 0, packages = 0, cores = 0, accelerators = 0;
  unsigned __int128 memory_bytes = 0, storage_bytes = 0;
  unsigned __int128 fp64_mflops = 0, fp32_mflops = 0, fp16_mflops = 0;  ///< nominal, processors and cards together
  bool operator==(const ClaimedSums&) const = default;
};
struct Contradicted {
  Believe policy = Believe::kCount;
  ClaimedSums counted, left_out;
};

/// Nodes of this hardware (null: not known) come into a cell, or leave one. Cells of other verdicts are passed over.
void count_contradicted(Contradicted& sums, const CellKey& key, const HardwareRow* hardware, bool comes, std::uint64_t nodes = 1);

/// The same of some sites alone, from the cells of a view. `at`: is the site of that place in the view among them? Cost: a pass over the
/// states of all cells.
Contradicted contradicted_at(const MapView& view, const std::function<bool(std::uint32_t site)>& at);

}  // namespace capmap
