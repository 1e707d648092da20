#include "controller/map/cell_histograms.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::size_t kGrowth = 8;  ///< most are never grown again: twice the room would be half of it unused

}  // namespace

std::size_t CellHistograms::find(std::uint16_t place) const {
  return static_cast<std::size_t>(std::ranges::lower_bound(entries_, place, {}, &Entry::place) - entries_.begin());
}

std::uint32_t CellHistograms::count(std::size_t cell, std::size_t which, std::size_t bucket) const {
  const auto place = place_of(cell, which, bucket);
  const auto at = find(place);
  if (at == entries_.size() || entries_[at].place != place) return 0;
  return entries_[at].low | (high_.empty() ? 0U : std::uint32_t{high_[at]} << 16U);
}

void CellHistograms::set(std::size_t cell, std::size_t which, std::size_t bucket, std::uint32_t count) {
  const auto place = place_of(cell, which, bucket);
  const auto at = find(place);
  const auto step = static_cast<std::ptrdiff_t>(at);
  const bool there = at < entries_.size() && entries_[at].place == place;
  if (count == 0) {
    if (!there) return;
    entries_.erase(entries_.begin() + step);
    if (!high_.empty()) high_.erase(high_.begin() + step);
    return;
  }
  if (!there) {
    if (entries_.size() == entries_.capacity()) entries_.reserve(entries_.size() + entries_.size() / 8 + kGrowth);
    entries_.insert(entries_.begin() + step, Entry{.place = place});
    if (!high_.empty()) high_.insert(high_.begin() + step, 0);
  }
  entries_[at].low = static_cast<std::uint16_t>(count);
  const auto high = static_cast<std::uint16_t>(count >> 16U);
  if (high_.empty() && high == 0) return;
  high_.resize(entries_.size());
  high_[at] = high;
}

std::uint8_t CellHistograms::top(std::size_t cell, std::size_t which) const {
  const auto after = find(place_of(cell, which + 1, 0));
  if (after == 0) return 0;
  const auto place = entries_[after - 1].place;
  if (place < place_of(cell, which, 0)) return 0;
  return static_cast<std::uint8_t>((place & ((1U << kBucketBits) - 1)) + 1);
}

}  // namespace capmap
