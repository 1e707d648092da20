#include "controller/map/node_table.hpp"

#include "common/check.hpp"

namespace capmap {
namespace {

constexpr std::size_t kFirstIndexSize = 1'024;

}  // namespace

NodeTable::NodeTable() : index_(kFirstIndexSize, 0) {}

std::optional<RowIndex> NodeTable::find(const NodeId& id_wanted) const {
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at_index = IdHash{}(id_wanted)&mask; index_[at_index] != 0; at_index = (at_index + 1) & mask) {
    const RowIndex row = index_[at_index] - 1;
    if (id(row) == id_wanted) return row;
  }
  return std::nullopt;
}

RowIndex NodeTable::add(const NodeId& id_new) {
  check(!find(id_new), "a node was added twice");
  if ((size_ + 1) * 4 > index_.size() * 3) grow_index();
  const auto row = static_cast<RowIndex>(size_);
  if (row % kChunkRows == 0) chunks_.push_back(std::make_unique<Chunk>());
  ++size_;
  auto& chunk = at(row);
  chunk.ids[row % kChunkRows] = id_new;
  chunk.cold[row % kChunkRows] = std::make_unique<ColdRecord>();
  put_in_index(row);
  return row;
}

void NodeTable::put_in_index(RowIndex row) {
  const std::size_t mask = index_.size() - 1;
  std::size_t at_index = IdHash{}(id(row)) & mask;
  while (index_[at_index] != 0) at_index = (at_index + 1) & mask;
  index_[at_index] = row + 1;
}

void NodeTable::grow_index() {
  index_.assign(index_.size() * 2, 0);
  for (std::size_t row = 0; row < size_; ++row) put_in_index(static_cast<RowIndex>(row));
}

}  // namespace capmap
