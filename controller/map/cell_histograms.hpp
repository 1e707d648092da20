#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace capmap {

/// Histograms of what is free on one node, of the cells of a run: only buckets that are not empty stand here, because most cells are of
/// few nodes. Copied as a whole.
class CellHistograms {
 public:
  [[nodiscard]] std::uint32_t count(std::size_t cell, std::size_t which, std::size_t bucket) const;
  /// take(bucket, count) for each bucket that is not empty, ascending. For who asks in ascending order of cells, and of each in that of
  /// its histograms: `from` is where the last answer ended, zero at first.
  template <class Take>
  void each(std::size_t cell, std::size_t which, std::size_t& from, Take take) const {
    const auto first = place_of(cell, which, 0);
    while (from < entries_.size() && entries_[from].place < first) ++from;
    for (; from < entries_.size() && entries_[from].place >> kBucketBits == first >> kBucketBits; ++from) {
      take(static_cast<std::size_t>(entries_[from].place - first),
           entries_[from].low | (high_.empty() ? 0U : std::uint32_t{high_[from]} << 16U));
    }
  }
  void set(std::size_t cell, std::size_t which, std::size_t bucket, std::uint32_t count);
  /// One more than the highest bucket that is not empty; 0 = all are.
  [[nodiscard]] std::uint8_t top(std::size_t cell, std::size_t which) const;

 private:
  static constexpr unsigned kBucketBits = 5, kWhichBits = 2;
  struct Entry {
    std::uint16_t place = 0;  ///< cell, which and bucket; ascending
    std::uint16_t low = 0;    ///< the count's lower half
  };
  static std::uint16_t place_of(std::size_t cell, std::size_t which, std::size_t bucket) {
    return static_cast<std::uint16_t>((cell << kWhichBits | which) << kBucketBits | bucket);
  }
  [[nodiscard]] std::size_t find(std::uint16_t place) const;

  std::vector<Entry> entries_;
  std::vector<std::uint16_t> high_;  ///< [entry] the upper half; empty while all are zero
};

}  // namespace capmap
