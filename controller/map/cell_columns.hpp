#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "controller/map/cell.hpp"

namespace capmap {

using CellSlot = std::uint32_t;  ///< a place in the columns; 0 is never used

/// Liveness, service state and verdict of a cell in one byte; the last code is a free slot.
inline constexpr std::size_t kServiceCount = kServiceStateNames.size(), kVerdictCount = kVerdictNames.size();
inline constexpr std::size_t kStateCount = kLivenessCount * kServiceCount * kVerdictCount;
inline constexpr std::uint8_t kFreeSlot = kStateCount;
constexpr std::uint8_t state_code(Liveness liveness, ServiceState service, Verdict verdict) {
  return static_cast<std::uint8_t>((static_cast<std::size_t>(liveness) * kServiceCount + static_cast<std::size_t>(service)) *
                                       kVerdictCount +
                                   static_cast<std::size_t>(verdict));
}
constexpr Liveness liveness_of(std::size_t state) {
  return static_cast<Liveness>(state / kVerdictCount / kServiceCount);
}
constexpr ServiceState service_of(std::size_t state) {
  return static_cast<ServiceState>(state / kVerdictCount % kServiceCount);
}
constexpr Verdict verdict_of(std::size_t state) {
  return static_cast<Verdict>(state % kVerdictCount);
}

/// Columns of sums with how many nodes are in each: the readings in their order, then what is free of CPU and memory.
inline constexpr std::size_t kCellSumCount = 10;
enum CellSumIndex : std::uint8_t { kSumCpuBusy, kSumMemoryUsed, kSumStorageUsed, kSumPower = 7, kSumCpuFree, kSumMemoryFree };
extern const std::array<ReadingSum Cell::*, kCellSumCount> kCellSums;
/// Columns of plain counts.
inline constexpr std::size_t kCellCountCount = 5;
enum CellCountIndex : std::uint8_t { kCountUsed, kCountFree, kCountUseUnknown, kCountUnhealthy, kCountHeard };
/// Histograms of what is free on one node. Their non-empty buckets stand as bits beside the sums.
inline constexpr std::size_t kHistogramCount = 3;
enum HistogramIndex : std::uint8_t { kFreeCores, kFreeMemory, kFreeAccelerators };

/// Neighbouring slots share blocks. A block is copied before the first change after it was published; so views cost what changed.
/// Columns are long, so that a scan streams; histograms are looked at one by one and lie together.
inline constexpr std::size_t kBlockCells = 2'048, kHistogramBlockCells = 16;

/// What the cells of a block are: dictionary codes, and nodes.
struct CellKeys {
  std::array<std::uint32_t, kBlockCells> site{}, pool{}, hardware{}, nodes{};
  std::array<std::uint8_t, kBlockCells> state;
  CellKeys() { state.fill(kFreeSlot); }
};
/// What adds and subtracts: columns that are shared and copied each by itself.
template <class Number>
using CellColumn = std::shared_ptr<std::array<Number, kBlockCells>>;
enum WideColumn : std::uint8_t { kWideSum, kWideHeard = kCellSumCount, kWideOldest, kWideCount };
enum NarrowColumn : std::uint8_t {
  kNarrowKnown,
  kNarrowCount = kCellSumCount,
  kNarrowBuckets = kNarrowCount + kCellCountCount,
  kNarrowColumns = kNarrowBuckets + kHistogramCount
};
struct CellSums {
  std::array<CellColumn<std::uint64_t>, kWideCount> wide;        ///< sums by CellSumIndex; heard boot_ms; the oldest of these
  std::array<CellColumn<std::uint32_t>, kNarrowColumns> narrow;  ///< nodes in each sum; counts; bit i: bucket i is not empty
  CellSums();
  [[nodiscard]] const auto& sum(std::size_t i) const { return std::as_const(*wide[i]); }
  [[nodiscard]] const auto& known(std::size_t i) const { return std::as_const(*narrow[i]); }
  [[nodiscard]] const auto& count(std::size_t i) const { return std::as_const(*narrow[kNarrowCount + i]); }
  [[nodiscard]] const auto& buckets(std::size_t i) const { return std::as_const(*narrow[kNarrowBuckets + i]); }
  [[nodiscard]] const auto& heard_ms_sum() const { return std::as_const(*wide[kWideHeard]); }
  [[nodiscard]] const auto& oldest_heard_ms() const { return std::as_const(*wide[kWideOldest]); }
};
struct CellHistograms {
  std::array<std::array<std::uint32_t, kFreeBuckets>, kHistogramBlockCells> cores{}, memory_gib{};
  std::array<std::array<std::uint32_t, kFreeAcceleratorBuckets>, kHistogramBlockCells> accelerators{};
};

/// The cells as readers see them: immutable, shared with the views before and after where nothing changed. Free slots are among them.
class CellColumns {
 public:
  CellColumns() = default;
  /// Cells of a view that is made by hand.
  CellColumns(std::initializer_list<Cell> cells);
  void push_back(const Cell& cell);

  [[nodiscard]] std::size_t size() const { return cells_; }  ///< cells that hold nodes
  [[nodiscard]] bool empty() const { return cells_ == 0; }
  [[nodiscard]] std::size_t block_count() const { return keys_.size(); }
  [[nodiscard]] const CellKeys& keys(std::size_t block) const { return *keys_[block]; }
  [[nodiscard]] const CellSums& sums(std::size_t block) const { return sums_[block]; }
  [[nodiscard]] Cell cell(CellSlot slot) const;
  /// Copies of all cells, by key: for those who want cells as such. Cost: all of them, and a sort.
  [[nodiscard]] std::vector<Cell> ordered() const;

 private:
  friend class CellTable;
  std::vector<std::shared_ptr<const CellKeys>> keys_;
  std::vector<CellSums> sums_;
  std::vector<std::shared_ptr<const CellHistograms>> histograms_;
  std::size_t cells_ = 0;
};

}  // namespace capmap
