// Which rows a child has in the map: how its nodes come to have one, and how they lose it. See ChildLink.
#include <algorithm>
#include <utility>

#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

constexpr std::size_t kOldRuns = 8;
constexpr std::uint64_t kBytesPerMib = 1ULL << 20;
constexpr std::size_t kSweepBudget = 200'000, kDropCost = 40;  ///< entries looked at in one call; a row that goes costs as much as so many
constexpr std::size_t kGapsKept = 4'096;

}  // namespace

const char* CapacityMap::State::name_node(ChildLink& child, const BatchNode& node) {
  if (child.rows.size() >= options.max_child_nodes) return "too_many_nodes";
  NodeId id = node.id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] ^= child.mask[i];
  const auto found = nodes.find(id);
  if (found && !holds(child, *found)) {  // somebody has found out the mask
    child.rows.push_back(ChildLink::kNoRow);
    return "foreign_node";
  }
  const auto site = child.sites.find(node.site);
  if (site == child.sites.end()) {
    if (found) drop_row(child, *found);  // it is no more where it was
    child.rows.push_back(ChildLink::kNoRow);
    return "foreign_site";
  }
  if (found) unlist(child, *found);
  if (!found && !make_room(child)) {
    child.rows.push_back(ChildLink::kNoRow);
    return "too_many_nodes";
  }
  const RowIndex row = found ? *found : nodes.add(id);
  if (!found) {
    ++by_liveness[static_cast<std::size_t>(nodes.place(row).liveness)];
    ++child.nodes;
    ++children_nodes;
  }
  describe(child, row, node, site->second, found.has_value());
  nodes.talk(row).seq = static_cast<std::uint32_t>(child.rows.size());
  child.rows.push_back(row);
  return nullptr;
}

void CapacityMap::State::describe(ChildLink& child, RowIndex row, const BatchNode& node, std::uint32_t site, bool known) {
  const auto before = numbers(row);
  auto& place = nodes.place(row);
  auto& talk = nodes.talk(row);
  place.site = site;
  place.service = service_at(row);
  place.interval_ds = interval_ds();
  place.set(Place::kCounted, true);
  place.set(Place::kMemoryKnown, node.memory_total_mib.has_value());
  place.set(Place::kPusKnown, node.pus_allowed.has_value());
  nodes.levels(row).memory_total_mib = node.memory_total_mib.value_or(0);
  talk.pus_allowed = static_cast<std::uint16_t>(std::min<std::uint32_t>(node.pus_allowed.value_or(0), UINT16_MAX));
  talk.session = kChildSession;
  talk.run_id = child.runs;
  auto& cold = nodes.cold(row);
  cold.joined_hostname = to_text(node.id);
  cold.hello.hostname = child.known.name;
  cold.hello.memory_total_bytes.reset();
  if (node.memory_total_mib) cold.hello.memory_total_bytes = *node.memory_total_mib * kBytesPerMib;
  cold.hello.pus_allowed = node.pus_allowed;
  cold.hello.shape_id = node.shape;
  forget_usage(row);
  const auto shape = shapes.find(node.shape);
  bind(row, shape.value_or(0));
  if (!shape) child.waiting.add(node.shape);
  if (!known) set_liveness(row, Liveness::kResyncing);
  settle(row, before);
}

/// For one node more. Who was named by an earlier run alone makes way for who is named now.
bool CapacityMap::State::make_room(ChildLink& child) {
  const auto full = [&] { return child.nodes >= options.max_child_nodes || nodes.size() >= options.max_nodes - options.max_nodes / 8; };
  while (full() && child.unnamed_nodes > 0) {
    if (child.unnamed.back() != ChildLink::kNoRow) drop_row(child, child.unnamed.back());
    child.unnamed.pop_back();
  }
  return !full();
}

bool CapacityMap::State::holds(const ChildLink& child, RowIndex row) const {
  const auto& talk = nodes.talk(row);
  const auto& list = talk.run_id == child.runs ? child.rows : child.unnamed;
  return talk.seq < list.size() && list[talk.seq] == row;
}

void CapacityMap::State::unlist(ChildLink& child, RowIndex row) {
  const auto& talk = nodes.talk(row);
  const bool named = talk.run_id == child.runs;
  (named ? child.rows : child.unnamed)[talk.seq] = ChildLink::kNoRow;
  if (!named) --child.unnamed_nodes;
}

void CapacityMap::State::set_aside(ChildLink& child, RowIndex row) {
  auto& talk = nodes.talk(row);
  talk.run_id = 0;
  talk.seq = static_cast<std::uint32_t>(child.unnamed.size());
  child.unnamed.push_back(row);
  ++child.unnamed_nodes;
}

void CapacityMap::State::drop_row(ChildLink& child, RowIndex row) {
  unlist(child, row);
  remove_row(row);
  --child.nodes;
  --children_nodes;
}

void CapacityMap::State::begin_run(ChildLink& child, std::uint64_t run_id) {
  if (child.run_id != 0) child.old_runs.push_back(child.run_id);
  if (child.old_runs.size() > kOldRuns) child.old_runs.erase(child.old_runs.begin());
  if (child.unnamed_nodes == 0) {  // the plain case: the whole list stands aside as it is
    child.unnamed = std::move(child.rows);
    child.unnamed_nodes = child.nodes;
  } else {
    // Gaps came one a node that was named, so closing them costs no more than the naming did.
    if (child.unnamed.size() > 2 * std::size_t{child.unnamed_nodes} + kGapsKept) {
      const auto old = std::exchange(child.unnamed, {});
      child.unnamed_nodes = 0;
      for (const auto row : old) {
        if (row != ChildLink::kNoRow) set_aside(child, row);
      }
    }
    for (const auto row : child.rows) {
      if (row != ChildLink::kNoRow) set_aside(child, row);
    }
  }
  child.rows.clear();
  child.run_id = run_id;
  ++child.runs;
  ++child.session;
  child.waiting.clear();
  child.numbered = child.refused_nodes = 0;
  child.all_nodes.reset();
  child.complete = false;
  if (child.sweep_from) child.sweep_from = 0;  // sites may have been withdrawn
}

bool CapacityMap::State::speaks_for(const ChildLink& child, RowIndex row) const {
  return child.sites.contains(sites[nodes.place(row).site]->id);
}

void CapacityMap::State::withdraw(ChildLink& child) {
  for (auto& entry : child.rows) {
    if (entry == ChildLink::kNoRow || speaks_for(child, entry)) continue;
    set_aside(child, std::exchange(entry, ChildLink::kNoRow));
    ++child.refused_nodes;
    ++counters.refused["foreign_site"];
  }
  if (child.unnamed_nodes > 0) child.sweep_from = 0;
  sweep(child);
}

bool CapacityMap::State::sweep(ChildLink& child) {
  for (std::size_t cost = 0; child.sweep_from && cost < kSweepBudget; ++cost) {
    if (*child.sweep_from >= child.unnamed.size()) {
      child.sweep_from.reset();
      if (child.unnamed_nodes == 0) child.unnamed = {};
      break;
    }
    const auto row = child.unnamed[(*child.sweep_from)++];
    if (row == ChildLink::kNoRow || (!child.complete && speaks_for(child, row))) continue;
    drop_row(child, row);
    cost += kDropCost;
  }
  return child.sweep_from.has_value();
}

}  // namespace capmap
