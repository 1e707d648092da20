#include "controller/map/change_feed.hpp"

#include <algorithm>

namespace capmap {

std::vector<NodeChange> NodeChanges::after(std::uint64_t revision, std::size_t limit) const {
  std::vector<NodeChange> found;
  for (const auto& block : blocks_) {
    const auto& changes = block->changes;
    if (changes[block->count - 1].revision <= revision) continue;
    const auto* const end = changes.begin() + block->count;
    const auto* at = std::ranges::upper_bound(changes.begin(), end, revision, {}, &NodeChange::revision);
    for (; at != end && found.size() < limit; ++at) found.push_back(*at);
    if (found.size() == limit) break;
  }
  return found;
}

void ChangeFeed::add(const NodeChange& change) {
  published_.reset();
  if (blocks_.empty() || blocks_.back()->count == NodeChanges::kBlockChanges) {
    if (blocks_.size() == kBlocks) {
      complete_after_ = std::max(complete_after_, blocks_.front()->changes[NodeChanges::kBlockChanges - 1].revision);
      blocks_.erase(blocks_.begin());
    }
    blocks_.push_back(std::make_shared<NodeChanges::Block>());
  } else if (last_shared_) {
    blocks_.back() = std::make_shared<NodeChanges::Block>(*blocks_.back());
  }
  last_shared_ = false;
  auto& block = *blocks_.back();
  block.changes[block.count++] = change;
}

void ChangeFeed::skip_to(std::uint64_t revision) {
  published_.reset();
  complete_after_ = std::max(complete_after_, revision);
}

std::shared_ptr<const NodeChanges> ChangeFeed::publish() {
  if (published_) return published_;
  auto log = std::make_shared<NodeChanges>();
  log->blocks_.assign(blocks_.begin(), blocks_.end());
  log->complete_after_ = complete_after_;
  last_shared_ = true;
  published_ = std::move(log);
  return published_;
}

}  // namespace capmap
