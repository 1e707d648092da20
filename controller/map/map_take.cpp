// Rows copied in parts, for who looks at many of them.
#include <algorithm>

#include "controller/map/map_state.hpp"

namespace capmap {
namespace {

bool wants_all(const NodeSelection& selection) {
  return !selection.site && !selection.sites && !selection.liveness && !selection.filter && selection.least == 0 &&
         selection.noted == NodeSelection::Noted::kNothing && selection.first_slot == 0 && selection.most == SIZE_MAX;
}

}  // namespace

NodeBrief CapacityMap::State::brief(RowIndex row) const {
  const auto& place = nodes.place(row);
  const auto& talk = nodes.talk(row);
  NodeBrief out;
  out.id = nodes.id(row);
  out.slot = row % kChunkRows;
  out.site = place.site;
  out.pool = place.pool;
  out.hardware = shapes.hardware(place.shape);
  out.interval_ms = interval_ms(row);
  out.liveness = place.liveness;
  out.service = place.service;
  out.counted_service = counted_service(row);
  out.verdict = verdict(row);
  out.counted = place.is(Place::kCounted);
  out.revision = talk.revision;
  if (place.is(Place::kHeard)) out.last_heard_boot_ms = talk.heard_ms;
  return out;
}

void CapacityMap::State::copy(RowIndex row, const NodeParts& parts, NodeChunk& chunk) const {
  ++chunk.count;
  if (parts.briefs) chunk.briefs.push_back(brief(row));
  if (parts.numbers) chunk.numbers.push_back(numbers(row));
  if (parts.rows) chunk.rows.push_back(node_row(row));
}

NodeChunk CapacityMap::take(std::size_t index, NodeSelection& selection, const NodeParts& parts) const {
  NodeChunk chunk;
  if (parts.none() && wants_all(selection)) {
    const auto last = std::min((index + 1) * kChunkRows, state_->nodes.row_count());
    for (auto at = index * kChunkRows; at < last; ++at) chunk.count += state_->nodes.place(static_cast<RowIndex>(at)).vacant ? 0 : 1;
    return chunk;
  }
  const auto matches = matching(index, selection);
  const auto most = std::min(matches.size(), selection.most);
  if (parts.briefs) chunk.briefs.reserve(most);
  if (parts.numbers) chunk.numbers.reserve(most);
  if (parts.rows) chunk.rows.reserve(most);
  for (const auto& match : matches) {
    if (chunk.count == selection.most) break;
    if (match.holds != Holds::kYes && !selection.keeps(state_->node_row(match.row))) continue;
    state_->copy(match.row, parts, chunk);
  }
  return chunk;
}

NodeChunk CapacityMap::take(const NodeId& id, const NodeParts& parts) const {
  NodeChunk chunk;
  if (const auto row = state_->nodes.find(id)) state_->copy(*row, parts, chunk);
  return chunk;
}

}  // namespace capmap
