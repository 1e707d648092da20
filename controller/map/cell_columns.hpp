#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "controller/map/cell.hpp"
#include "controller/map/cell_histograms.hpp"

namespace capmap {

using CellSlot = std::uint32_t;  ///< a place in the columns; 0 is never used

/// Liveness, service state and verdict of a cell in one byte; the last code is a free slot.
inline constexpr std::size_t kServiceCount = kServiceStateNames.size(), kVerdictCount = kVerdictNames.size();
inline constexpr std::size_t kStateCount = kLivenessCount * kServiceCount * kVerdictCount;
inline constexpr std::uint8_t kFreeSlot = kStateCount;
inline constexpr std::uint8_t kMixedRun = UINT8_MAX;
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

/// Columns of sums with how many nodes are in each: the readings in their order, then what is free of CPU, memory and storage.
inline constexpr std::size_t kCellSumCount = 11;
enum CellSumIndex : std::uint8_t {
  kSumCpuBusy,
  kSumMemoryUsed,
  kSumStorageUsed,
  kSumNetworkReceive = 5,
  kSumNetworkTransmit,
  kSumPower,
  kSumCpuFree,
  kSumMemoryFree,
  kSumStorageFree
};
extern const std::array<ReadingSum Cell::*, kCellSumCount> kCellSums;
/// Sums of which it is counted how many nodes are in them: those, and the moments of hearing.
inline constexpr std::size_t kKnownCount = kCellSumCount + 1, kKnownHeard = kCellSumCount;
/// Columns of plain counts.
inline constexpr std::size_t kCellCountCount = 4;
enum CellCountIndex : std::uint8_t { kCountUsed, kCountFree, kCountUseUnknown, kCountUnhealthy };
/// Histograms of what is free on one node. Their non-empty buckets stand as bits beside the sums.
inline constexpr std::size_t kHistogramCount = 3;
enum HistogramIndex : std::uint8_t { kFreeCores, kFreeMemory, kFreeAccelerators };

/// Neighbouring slots share blocks. A block is copied before the first change after it was published; so views cost what changed.
/// Columns are long, so that a scan streams; histograms are looked at one by one and lie together. Sixteen slots are a run: the cells of
/// one run are of one site, so that what a site says is looked up once for all of them.
inline constexpr std::size_t kBlockCells = 2'048, kRunCells = 16, kBlockRuns = kBlockCells / kRunCells, kHistogramBlockCells = kRunCells;

/// What the cells of a block are: dictionary codes, and nodes. A free slot has no nodes.
struct CellKeys {
  std::array<std::uint32_t, kBlockRuns> run_site{};
  alignas(64) std::array<std::uint32_t, kBlockCells> pool{}, hardware{}, nodes{};
  alignas(64) std::array<std::uint8_t, kBlockCells> state;
  std::array<std::uint8_t, kBlockRuns> run_state;  ///< what all cells of the run are in; kFreeSlot: there are none, or kMixedRun
  CellKeys() {
    state.fill(kFreeSlot);
    run_state.fill(kFreeSlot);
  }
  /// Writes the state of a cell.
  void set_state(std::size_t i, std::uint8_t code);
  [[nodiscard]] std::uint32_t site(std::size_t i) const { return run_site[i / kRunCells]; }
  /// Of a slot that is not free.
  [[nodiscard]] CellKey key(std::size_t i) const {
    return {.site = site(i),
            .pool = pool[i],
            .hardware = hardware[i],
            .liveness = liveness_of(state[i]),
            .service = service_of(state[i]),
            .verdict = verdict_of(state[i])};
  }
};
/// What adds and subtracts: columns that are shared and copied each by itself. Sums lie in two halves, because the upper ones are
/// nearly always zero; all columns that hold nothing but zeros may be one and the same.
template <class Number>
struct alignas(64) ColumnBlock : std::array<Number, kBlockCells> {};
template <class Number>
using CellColumn = std::shared_ptr<ColumnBlock<Number>>;
enum WideColumn : std::uint8_t { kWideHeard, kWideOldest, kWideCount };
enum NarrowColumn : std::uint8_t {
  kNarrowLow,
  kNarrowHigh = kCellSumCount,
  kNarrowKnown = kNarrowHigh + kCellSumCount,
  kNarrowCount = kNarrowKnown + kKnownCount,
  kNarrowColumns = kNarrowCount + kCellCountCount
};
const CellColumn<std::uint32_t>& zero_column();
/// How many of a block's nodes are in a sum: a scan need not look at what is the same for all. With kAll the nodes are the column; one
/// of its own need not be there.
enum class KnownNodes : std::uint8_t { kNone, kSome, kAll };
struct CellSums {
  std::array<CellColumn<std::uint64_t>, kWideCount> wide;        ///< heard boot_ms; the oldest of these
  std::array<CellColumn<std::uint32_t>, kNarrowColumns> narrow;  ///< halves of sums by CellSumIndex, nodes in each; counts
  std::array<CellColumn<std::uint8_t>, kHistogramCount> tops;    ///< one more than the highest bucket that is not empty, 0 = all are
  std::array<KnownNodes, kKnownCount> known_nodes{};
  bool without_hardware = false;  ///< there are nodes of which no shape is known
  CellSums();
  [[nodiscard]] std::uint64_t sum(std::size_t column, std::size_t i) const {
    return std::uint64_t{(*narrow[kNarrowHigh + column])[i]} << 32 | (*narrow[kNarrowLow + column])[i];
  }
  [[nodiscard]] const auto& low(std::size_t column) const { return std::as_const(*narrow[kNarrowLow + column]); }
  [[nodiscard]] const auto& high(std::size_t column) const { return std::as_const(*narrow[kNarrowHigh + column]); }
  [[nodiscard]] bool is_zero(std::size_t column) const { return narrow[column] == zero_column(); }  ///< false: it may still be
  [[nodiscard]] bool has_high(std::size_t column) const { return !is_zero(kNarrowHigh + column); }
  /// Unless known_nodes is kAll.
  [[nodiscard]] const auto& known(std::size_t column) const { return std::as_const(*narrow[kNarrowKnown + column]); }
  [[nodiscard]] const auto& count(std::size_t column) const { return std::as_const(*narrow[kNarrowCount + column]); }
  [[nodiscard]] const auto& top(std::size_t column) const { return std::as_const(*tops[column]); }
  [[nodiscard]] const auto& heard_ms_sum() const { return std::as_const(*wide[kWideHeard]); }
  [[nodiscard]] const auto& oldest_heard_ms() const { return std::as_const(*wide[kWideOldest]); }
  [[nodiscard]] std::uint32_t known(std::size_t column, std::size_t i, const CellKeys& keys) const {
    return known_nodes[column] == KnownNodes::kAll ? keys.nodes[i] : known(column)[i];
  }
  /// Looks at all cells of the block anew, but for the columns of which all are known by now.
  void find_known_nodes(const CellKeys& keys);
};
/// The cells as readers see them: immutable, shared with the views before and after where nothing changed. Free slots are among them.
class CellColumns {
 public:
  CellColumns() = default;
  /// Cells of a view that is made by hand.
  CellColumns(std::initializer_list<Cell> cells);
  void push_back(const Cell& cell);
  /// Cells of which nothing is known but what they are, how many nodes they hold, and how many of their devices are unhealthy or of
  /// unknown use; ascending by key. Cost: a pass.
  struct Counted {
    CellKey key;
    std::uint32_t nodes = 0, unhealthy = 0, use_unknown = 0;
  };
  static CellColumns of_counts(std::span<const Counted> cells);

  [[nodiscard]] std::size_t size() const { return cells_; }  ///< cells that hold nodes
  [[nodiscard]] bool empty() const { return cells_ == 0; }
  [[nodiscard]] std::size_t block_count() const { return keys_.size(); }
  [[nodiscard]] const CellKeys& keys(std::size_t block) const { return *keys_[block]; }
  /// For those who want to know later whether it is still the same.
  [[nodiscard]] const std::shared_ptr<const CellKeys>& shared_keys(std::size_t block) const { return keys_[block]; }
  [[nodiscard]] const CellSums& sums(std::size_t block) const { return sums_[block]; }
  [[nodiscard]] Cell cell(CellSlot slot) const;
  /// Of the run that a slot is in.
  [[nodiscard]] const CellHistograms& histograms(CellSlot slot) const { return *histograms_[slot / kHistogramBlockCells]; }
  /// Copies of all cells, by key: for those who want cells as such. Cost: all of them, and a sort.
  [[nodiscard]] std::vector<Cell> ordered() const;

 private:
  friend class CellTable;
  std::vector<std::shared_ptr<const CellKeys>> keys_;
  std::vector<CellSums> sums_;
  std::vector<std::shared_ptr<const CellHistograms>> histograms_;
  std::size_t cells_ = 0;
  CellSlot next_ = 0;  ///< of a view that is made by hand
};

}  // namespace capmap
