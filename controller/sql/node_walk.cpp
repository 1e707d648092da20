#include "controller/sql/node_walk.hpp"

#include <algorithm>

#include "controller/map/capacity_map.hpp"

namespace capmap {

NodeWalk::NodeWalk(PinnedNodes& nodes, const SqlScene& scene, const NodeKeys& keys, const NodeParts& parts)
    : nodes_(nodes), scene_(scene), parts_(parts) {
  if (keys.id != nullptr) {
    const auto id = parse_id<NodeId>(*keys.id);
    if (id) id_ = *id;
    nothing_ = !id;
  }
  if (keys.site != nullptr) {
    plan_.site = scene.find_site(*keys.site);
    nothing_ = nothing_ || !plan_.site;
  }
  if (keys.region != nullptr) {
    plan_.region = *keys.region;
    nothing_ = nothing_ || keys.region->empty();
  }
  if (keys.liveness != nullptr) {
    const auto* const found = std::ranges::find(kLivenessNames, *keys.liveness);
    nothing_ = nothing_ || found == kLivenessNames.end();
    if (!nothing_) plan_.liveness = static_cast<Liveness>(found - kLivenessNames.begin());
  }
}

void NodeWalk::look(std::size_t index) {
  at_.brief = index < rows_->briefs.size() ? &rows_->briefs[index] : nullptr;
  at_.numbers = index < rows_->numbers.size() ? &rows_->numbers[index] : nullptr;
  at_.row = index < rows_->rows.size() ? &rows_->rows[index] : nullptr;
}

bool NodeWalk::next() {
  ++counted_;
  do {
    while (rows_ && index_ < rows_->count) {
      look(index_++);
      if (at_.brief == nullptr || scene_.sees(at_.brief->site)) return true;
    }
  } while (next_rows());
  return false;
}

/// To the rows behind those that were walked through; false: there are none, or they could not be had.
bool NodeWalk::next_rows() {
  if (nothing_ || (id_ && rows_)) return false;
  if (id_) {
    auto found = nodes_.find(*id_, parts_);
    if (found) {
      rows_ = std::move(*found);
    } else {
      failed_ = found.error();
    }
  } else {
    auto step = nodes_.at(plan_, next_chunk_, parts_);
    if (step) {
      rows_ = std::move(step->rows);
      chunk_ = next_chunk_;
      next_chunk_ += step->chunks;
    } else {
      failed_ = step.error();
    }
  }
  index_ = 0;
  nothing_ = failed_ || !rows_;
  return !nothing_;
}

std::int64_t NodeWalk::row() const {
  if (at_.brief == nullptr || id_) return counted_;
  return static_cast<std::int64_t>(chunk_ * CapacityMap::kChunkRows + at_.brief->slot);
}

}  // namespace capmap
