#include "controller/map/node_table.hpp"

#include "common/check.hpp"

namespace capmap {

NodeTable::NodeTable(bool cold_records) : cold_(cold_records) {}

std::optional<RowIndex> NodeTable::find(const NodeId& id_wanted) const {
  return index_.find(IdHash{}(id_wanted), [&](RowIndex row) { return id(row) == id_wanted; });
}

RowIndex NodeTable::add(const NodeId& id_new) {
  check(!find(id_new), "a node was added twice");
  auto row = static_cast<RowIndex>(rows_);
  if (vacant_.empty()) {
    if (row % kChunkRows == 0) chunks_.push_back(std::make_unique<Chunk>());
    ++rows_;
  } else {
    row = vacant_.back();
    vacant_.pop_back();
    place(row) = Place{};
  }
  at(row).ids[row % kChunkRows] = id_new;
  index_.add(IdHash{}(id_new), row, hash_of_row());
  return row;
}

void NodeTable::remove(RowIndex row) {
  index_.remove(IdHash{}(id(row)), row, hash_of_row());
  cold_.forget(row);
  at(row).ids[row % kChunkRows] = {};
  talk(row) = Talk{};
  levels(row) = Levels{};
  devices(row) = Devices{};
  place(row) = Place{};
  place(row).liveness = Liveness::kLost;  // nothing becomes of it with time
  place(row).vacant = true;
  vacant_.push_back(row);
}

void NodeTable::reserve(std::size_t rows) {
  index_.reserve(rows, hash_of_row());
}

}  // namespace capmap
