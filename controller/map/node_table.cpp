#include "controller/map/node_table.hpp"

#include "common/check.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kRowBits = 26, kRowMask = (1U << kRowBits) - 1;
constexpr std::size_t kFirstEntries = 8;

/// Where a search begins: the low half of the hash, spread evenly over any number of entries.
std::size_t home_of(std::size_t hash, std::size_t entries) {
  const auto mixed = static_cast<std::uint32_t>(hash * 0x9E37'79B9'7F4A'7C15U >> 32U);
  return static_cast<std::size_t>(std::uint64_t{mixed} * entries >> 32U);
}

}  // namespace

NodeTable::NodeTable(bool cold_records) : parts_(kParts), cold_(cold_records) {}

std::uint32_t NodeTable::entry_of(std::size_t hash, RowIndex row) {
  return static_cast<std::uint32_t>(hash >> 48U & 0x3FU) << kRowBits | (row + 1);
}

std::optional<RowIndex> NodeTable::find(const NodeId& id_wanted) const {
  const auto hash = IdHash{}(id_wanted);
  const auto& entries = parts_[part_of(hash)].entries;
  if (entries.empty()) return std::nullopt;
  const auto bits = entry_of(hash, 0) & ~kRowMask;
  for (std::size_t at_index = home_of(hash, entries.size()); entries[at_index] != 0;) {
    const auto entry = entries[at_index];
    if ((entry & ~kRowMask) == bits) {
      const RowIndex row = (entry & kRowMask) - 1;
      if (id(row) == id_wanted) return row;
    }
    if (++at_index == entries.size()) at_index = 0;
  }
  return std::nullopt;
}

RowIndex NodeTable::add(const NodeId& id_new) {
  check(!find(id_new), "a node was added twice");
  check(!vacant_.empty() || rows_ < kMostRows, "more nodes than an index entry can name");
  const auto hash = IdHash{}(id_new);
  auto& part = parts_[part_of(hash)];
  if ((part.used + 1) * 16 > part.entries.size() * 15) grow(part);  // entries lie side by side: a long search is a few lines of cache
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
  put(part, hash, entry_of(hash, row));
  ++part.used;
  return row;
}

void NodeTable::remove(RowIndex row) {
  const auto hash = IdHash{}(id(row));
  auto& part = parts_[part_of(hash)];
  erase(part, hash, entry_of(hash, row));
  --part.used;
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

/// What stands behind the gap moves up into it where it was only pushed on from there, so that no search ends too early.
void NodeTable::erase(IndexPart& part, std::size_t hash, std::uint32_t entry) const {
  auto& entries = part.entries;
  const auto next = [&entries](std::size_t index) { return index + 1 == entries.size() ? 0 : index + 1; };
  auto gap = home_of(hash, entries.size());
  while (entries[gap] != entry) gap = next(gap);
  for (auto from = next(gap); entries[from] != 0; from = next(from)) {
    const auto home = home_of(IdHash{}(id((entries[from] & kRowMask) - 1)), entries.size());
    const auto distance = [&entries](std::size_t begin, std::size_t end) {
      return end >= begin ? end - begin : end + entries.size() - begin;
    };
    if (distance(home, from) < distance(gap, from)) continue;
    entries[gap] = entries[from];
    gap = from;
  }
  entries[gap] = 0;
}

void NodeTable::put(IndexPart& part, std::size_t hash, std::uint32_t entry) {
  auto at_index = home_of(hash, part.entries.size());
  while (part.entries[at_index] != 0) {
    if (++at_index == part.entries.size()) at_index = 0;
  }
  part.entries[at_index] = entry;
}

void NodeTable::grow(IndexPart& part) const {
  resize(part, part.entries.size() + part.entries.size() / 16 + kFirstEntries);
}

void NodeTable::reserve(std::size_t rows) {
  const auto a_part = rows / kParts + rows / kParts / 8 + kFirstEntries;  // ids are random: parts differ by some percent
  for (auto& part : parts_) {
    if (part.entries.size() < a_part) resize(part, a_part);
  }
}

void NodeTable::resize(IndexPart& part, std::size_t entries) const {
  IndexPart grown;
  grown.entries.resize(entries);
  for (const auto entry : part.entries) {
    if (entry != 0) put(grown, IdHash{}(id((entry & kRowMask) - 1)), entry);
  }
  part.entries = std::move(grown.entries);
}

std::size_t NodeTable::index_bytes() const {
  std::size_t bytes = 0;
  for (const auto& part : parts_) bytes += part.entries.capacity() * sizeof(std::uint32_t);
  return bytes;
}

}  // namespace capmap
