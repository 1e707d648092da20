// What ids name.
#include "controller/map/map_state.hpp"

namespace capmap {

std::optional<NodeRow> CapacityMap::resolve(const NodeId& id) const {
  const auto& state = *state_;
  const auto speaks_for = [&state](const ChildLink& child, RowIndex row) {
    return state.nodes.talk(row).session == kChildSession && state.holds(child, row);
  };
  const auto found = state.nodes.find(id);
  for (const auto& child : state.children) {
    NodeId masked = id;
    for (std::size_t i = 0; i < masked.bytes.size(); ++i) masked.bytes[i] ^= child.mask[i];
    const auto row = found ? found : state.nodes.find(masked);
    if (!row || !speaks_for(child, *row)) continue;
    auto copy = state.node_row(*row);
    copy.child = child.known.id;
    return copy;
  }
  if (!found) return std::nullopt;
  return state.node_row(*found);
}

std::optional<std::uint32_t> CapacityMap::hardware_of(const ShapeId& shape) const {
  const auto known = state_->shapes.find(shape);
  if (!known) return std::nullopt;
  const auto hardware = state_->shapes.hardware(*known);
  return hardware == kNoHardware ? std::nullopt : std::optional(hardware);
}

std::optional<ChildRow> CapacityMap::child(const ControllerId& id) const {
  const auto at = state_->child_indexes.find(id);
  if (at == state_->child_indexes.end()) return std::nullopt;
  const auto& child = state_->children[at->second];
  return ChildRow{.id = child.known.id,
                  .name = child.known.name,
                  .sites = child.known.sites,
                  .joined_unix_ms = child.known.joined_unix_ms,
                  .nodes = child.nodes};
}

}  // namespace capmap
