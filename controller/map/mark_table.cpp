#include "controller/map/mark_table.hpp"

#include <algorithm>

namespace capmap {

Fingerprint MarkTable::mark(RowIndex row) const {
  const auto chunk = row / kChunkRows;
  return chunk < chunks_.size() && chunks_[chunk] ? (*chunks_[chunk])[row % kChunkRows] : 0;
}

void MarkTable::reserve(std::size_t rows) {
  single_.reserve(rows, mark_of_row());
}

void MarkTable::set(RowIndex row, Fingerprint mark) {
  const auto chunk = row / kChunkRows;
  if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
  if (!chunks_[chunk]) chunks_[chunk] = std::make_unique<Chunk>();
  (*chunks_[chunk])[row % kChunkRows] = mark;
}

void MarkTable::put(RowIndex row, Fingerprint mark_now, std::uint64_t since_unix_ms) {
  const auto before = mark(row);
  if (before == mark_now) {
    if (mark_now != 0) list(row, mark_now, since_unix_ms);
    return;
  }
  if (before != 0) leave(row, before);
  set(row, mark_now);
  if (mark_now != 0) enter(row, mark_now, since_unix_ms);
}

void MarkTable::enter(RowIndex row, Fingerprint mark_now, std::uint64_t since_unix_ms) {
  auto at = shared_.find(mark_now);
  if (at == shared_.end()) {
    const auto first = single_.find(mark_now, [&](RowIndex other) { return mark(other) == mark_now; });
    if (!first) return single_.add(mark_now, row, mark_of_row());
    single_.remove(mark_now, *first, mark_of_row());
    at = shared_.try_emplace(mark_now).first;
    at->second.rows.push_back({.row = *first});
  }
  auto& shared = at->second;
  if (shared.rows.size() < kMostListed) {
    shared.rows.push_back({.row = row, .since_unix_ms = since_unix_ms});
  } else {
    ++shared.beyond;
  }
  if (shared.rows.size() + shared.beyond > kMostAlike) ++refused_;
}

void MarkTable::leave(RowIndex row, Fingerprint mark_before) {
  const auto at = shared_.find(mark_before);
  if (at == shared_.end()) return single_.remove(mark_before, row, mark_of_row());
  if (std::erase_if(at->second.rows, [row](const Saying& one) { return one.row == row; }) == 0) --at->second.beyond;
  calm(at);
}

void MarkTable::list(RowIndex row, Fingerprint mark_now, std::uint64_t since_unix_ms) {
  const auto at = shared_.find(mark_now);
  if (at == shared_.end() || at->second.beyond == 0 || at->second.rows.size() == kMostListed) return;
  auto& rows = at->second.rows;
  if (std::ranges::find(rows, row, &Saying::row) != rows.end()) return;
  rows.push_back({.row = row, .since_unix_ms = since_unix_ms});
  --at->second.beyond;
  calm(at);
}

void MarkTable::calm(SharedMarks::iterator at) {
  const auto& [mark_now, shared] = *at;
  if (shared.rows.size() + shared.beyond > 1) return;
  if (shared.beyond > 0) return;  // nobody knows which row it is, until it says so again
  if (!shared.rows.empty()) single_.add(mark_now, shared.rows.front().row, mark_of_row());
  shared_.erase(at);
}

std::size_t MarkTable::bytes() const {
  const auto chunks = std::ranges::count_if(chunks_, [](const auto& chunk) { return chunk != nullptr; });
  return static_cast<std::size_t>(chunks) * sizeof(Chunk) + chunks_.capacity() * sizeof(chunks_[0]) + single_.bytes();
}

}  // namespace capmap
