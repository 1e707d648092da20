// What admins do to nodes: clones that are settled, and removal; and the code list of regions.
#include "common/region_table.hpp"
#include "controller/map/map_state.hpp"

namespace capmap {
Result<Done> CapacityMap::State::put_regions(const RegionList& list) {
  if (!options.regions) return Error{ErrorCode::kAbsent, "regions: this map has no catalog of them"};
  auto table = RegionTable::with_list(options.regions, list);
  if (!table) return table.error();
  regions = std::make_shared<const RegionTable>(std::move(*table));
  dictionaries.reset();  // what hub a site is of may be told by another row
  ++revision;
  return Done{};
}

bool CapacityMap::State::remove_node(const NodeId& id) {
  const auto row = nodes.find(id);
  if (!row || nodes.talk(*row).session == kChildSession) return false;  // a child's comes and goes by the child's word
  remove_row(*row);
  return true;
}

bool CapacityMap::State::settle_clone(const NodeId& id, std::uint64_t run, std::uint64_t now_unix_ms) {
  const auto row = nodes.find(id);
  if (!row || !clones.settle(*row, run, now_unix_ms)) return false;
  const auto before = numbers(*row);
  auto& talk = nodes.talk(*row);
  auto& old_runs = nodes.cold(*row).old_runs;
  std::erase(old_runs, run);  // where the other one was spoken with last, it says hello again
  if (talk.run_id != run) talk.run_id = 0;
  conduct.forget(*row);
  exclude(*row, Exclusion::kClone, false);
  settle(*row, before);
  return true;
}

bool CapacityMap::State::restore_clone(const Clone& clone) {
  const auto row = nodes.find(clone.node);
  if (!row) return false;
  const auto before = numbers(*row);
  clones.restore(*row, clone);
  restoring = true;
  exclude(*row, Exclusion::kClone, clones.held(*row));
  settle(*row, before);
  restoring = false;
  return true;
}

void CapacityMap::State::remove_row(RowIndex row) {
  const auto& place = nodes.place(row);
  ++revision;
  if (place.cell != 0) {
    note_change(row, cells.key(place.cell), std::nullopt);
    note_verdict(row, cells.key(place.cell), std::nullopt);
    cells.remove(place.cell, numbers(row));
  }
  shapes.unbind(place.shape, now_ms);
  --by_liveness[static_cast<std::size_t>(place.liveness)];
  shared.leave(row);
  benchmarks.forget(row);
  conduct.forget(row);
  past.forget(row);
  clones.forget(row);
  services.forget(row);
  returns.forget(row);
  losses.forget(row);
  admin_labels.erase(row);
  const auto left = guests.forget(row), copies = doubles.forget(row);
  nodes.remove(row);
  for (const auto guest : left) choose_host(guest);
  count_guests(left);
  for (const auto copy : copies) look_at_doubles(copy);
}

}  // namespace capmap
