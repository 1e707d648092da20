#include "controller/map/doubts.hpp"

namespace capmap {

void DoubtTable::count(std::uint32_t words, std::uint32_t by) {
  for (std::size_t i = 0; i < kDoubtCount; ++i) {
    if ((words >> i & 1U) != 0) counts_[i] += by;  // by may be -1: unsigned sums wrap back
  }
}

void DoubtTable::put(RowIndex row, std::uint32_t words, const Sign& sign, std::uint64_t now_ms) {
  const auto [at, made] = doubted_.try_emplace(row);
  auto& noted = at->second;
  if (made) noted.since_ms = now_ms;
  count(noted.words, UINT32_MAX);
  count(words, 1);
  noted.words = words;
  noted.sign = sign;
  noted.touched = false;
}

void DoubtTable::forget(RowIndex row) {
  const auto found = doubted_.find(row);
  if (found == doubted_.end()) return;
  count(found->second.words, UINT32_MAX);
  doubted_.erase(found);
}

std::optional<std::uint64_t> DoubtTable::since_ms(RowIndex row) const {
  const auto found = doubted_.find(row);
  return found == doubted_.end() ? std::nullopt : std::optional(found->second.since_ms);
}

}  // namespace capmap
