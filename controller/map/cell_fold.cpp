#include "controller/map/cell_fold.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::size_t kFewFigures = 3;             ///< are summed cell by cell
constexpr std::size_t kMatrixEntries = 1U << 20U;  ///< groups x hardware rows that are counted in a matrix

/// A few groups are summed in eight lanes: neighbours of one group need not wait for each other's additions.
constexpr unsigned kLaneShift = 3;
constexpr std::size_t kLanedPlaces = 4'096;

/// So many groups have their nodes by state: 128 codes each.
constexpr unsigned kStateShift = 7;
constexpr std::size_t kStatePlaces = 1'024;
static_assert(kStateCount < 1U << kStateShift);

using Places = std::array<std::uint32_t, kBlockCells>;

bool asked(const Measures& measures, Measure measure) {
  return measures.test(static_cast<std::size_t>(measure));
}

bool in_scope(Scope scope, std::size_t state) {
  const auto service = service_of(state);
  if (state == kFreeSlot || service == ServiceState::kRetired || service == ServiceState::kQuarantined) return false;
  const auto liveness = liveness_of(state);
  switch (scope) {
    case Scope::kInstalled: return true;
    case Scope::kHealthy: return liveness == Liveness::kFresh || liveness == Liveness::kStale;
    case Scope::kAvailable: return liveness == Liveness::kFresh && service == ServiceState::kInService;
    case Scope::kResyncing: return liveness == Liveness::kResyncing;
    case Scope::kFresh: return liveness == Liveness::kFresh;
    case Scope::kStale: return liveness == Liveness::kStale;
    default: return liveness == Liveness::kLost;
  }
}

/// What has to be summed for the measures that are asked for.
struct Plan {
  std::array<bool, kScopeCount> scopes{};
  std::vector<std::size_t> sums, counts, buckets;
  bool age = false, words = false;
  std::vector<HardwareFigure> figures;

  explicit Plan(const Measures& measures) {
    if (asked(measures, Measure::kNodes)) scopes.fill(true);
    const auto use = [&](Measure measure, std::initializer_list<std::size_t> columns, std::initializer_list<std::size_t> largest) {
      if (!asked(measures, measure)) return;
      scopes[static_cast<std::size_t>(Scope::kAvailable)] = true;
      sums.insert(sums.end(), columns);
      buckets.insert(buckets.end(), largest);
    };
    use(Measure::kCpuUse, {kSumCpuBusy, kSumCpuFree}, {kFreeCores});
    use(Measure::kMemoryUse, {kSumMemoryUsed, kSumMemoryFree}, {kFreeMemory});
    use(Measure::kPower, {kSumPower}, {});
    use(Measure::kAcceleratorUse, {}, {kFreeAccelerators});
    if (asked(measures, Measure::kAcceleratorUse)) counts = {kCountUsed, kCountFree, kCountUseUnknown, kCountUnhealthy};
    age = asked(measures, Measure::kAge);
    words = asked(measures, Measure::kAcceleratorModels) || asked(measures, Measure::kUnratedWhy);
    const auto want = [&](Measure measure, std::initializer_list<int> wanted) {
      if (!asked(measures, measure)) return;
      for (const int figure : wanted) figures.push_back(static_cast<HardwareFigure>(figure));
    };
    if (asked(measures, Measure::kUnrated)) scopes[0] = true;
    want(Measure::kNodes, {kHardwareUnknown});
    want(Measure::kCpu, {kPackages, kCores, kPus});
    want(Measure::kMemory, {kMemoryBytes, kMemoryUnknown});
    want(Measure::kAccelerators, {kAccelerators});
    want(Measure::kStorage, {kStorageBytes, kStorageBytes + 1, kStorageBytes + 2, kStorageBytes + 3, kStorageBytes + 4, kStorageUnknown});
    want(Measure::kNetwork, {kNics, kNicMbps, kNicUnknown});
    want(Measure::kUnrated, {kUnratedPackages, kUnratedAccelerators, kUnratedNodes});
    for (std::size_t i = 0; i < kPrecisionCount; ++i) {
      const auto at = static_cast<int>(i);
      want(static_cast<Measure>(static_cast<std::size_t>(Measure::kPeakFp64) + i),
           {kCpuPeak + at, kCpuOffered + at, kAcceleratorPeak + at, kAcceleratorOffered + at});
    }
    const bool any_peak = (measures >> static_cast<std::size_t>(Measure::kPeakFp64)).any();
    if (any_peak) figures.push_back(kRated);
  }
};

class Fold {
 public:
  Fold(const Dictionaries& dictionaries, const CellFilter* filter, const Measures& measures, Grouping& grouping)
      : dictionaries_(dictionaries), filter_(filter), plan_(measures), grouping_(grouping) {
    for (std::size_t scope = 0; scope < kScopeCount; ++scope) {
      for (std::size_t state = 0; state <= kStateCount; ++state) {
        masks_[scope][state] = in_scope(static_cast<Scope>(scope), state) ? UINT32_MAX : 0;
      }
    }
    out_.wanted = plan_.figures;
    few_ = plan_.figures.size() <= kFewFigures && !plan_.words;
    by_hardware_ = !few_ && (plan_.words || !plan_.figures.empty());
    keep_.fill(1);
    if (few_) take_figures();
    if (grouping.dense() && grouping.size() <= kLanedPlaces) shift_ = kLaneShift;
    by_state_ = asked(measures, Measure::kNodes) && grouping.dense() && grouping.size() <= kStatePlaces;
    if (by_state_) by_state_nodes_.resize(grouping.size() << kStateShift << 1U);
    only_unknown_ = few_ && plan_.figures == std::vector<HardwareFigure>{kHardwareUnknown};
    if (by_state_ && only_unknown_ && plan_.sums.empty() && plan_.counts.empty() && !plan_.age) shift_ = 0;
  }

  Folded run(const CellColumns& cells) {
    for (std::size_t block = 0; block < cells.block_count(); ++block) {
      const auto& keys = cells.keys(block);
      if (filter_ != nullptr) filter_->judge(keys, keep_);
      grouping_.places(keys, filter_ != nullptr ? &keep_ : nullptr, places_);
      if (by_state_) add_states(keys);
      for (std::size_t i = 0; i < kBlockCells && shift_ > 0; ++i) places_[i] <<= shift_;
      make_room();
      add_keys(keys);
      if (!plan_.sums.empty() || !plan_.counts.empty() || !plan_.buckets.empty() || plan_.age) add_sums(keys, cells.sums(block));
    }
    if (by_hardware_) gather_hardware();
    join_all_lanes();
    if (by_state_) spread_states();
    return std::move(out_);
  }

 private:
  void take_figures() {
    const auto& rows = dictionaries_.figures().rows;
    for (const auto figure : plan_.figures) {
      auto& values = values_.emplace_back();
      values.reserve(rows.size());
      for (const auto& row : rows) values.push_back(row[figure]);
    }
    out_.figures.resize(plan_.figures.size());
  }

  /// Columns grow with the places.
  void make_room() {
    const auto size = grouping_.size() << shift_;
    if (size == room_) return;
    room_ = size;
    for (std::size_t i = 0; i < kScopeCount; ++i) {
      if (plan_.scopes[i] && !by_state_) out_.nodes[i].resize(size);
    }
    for (const auto i : plan_.sums) {
      out_.sum[i].resize(size);
      out_.known[i].resize(size);
    }
    for (const auto i : plan_.counts) out_.count[i].resize(size);
    for (const auto i : plan_.buckets) out_.buckets[i].resize(size);
    if (plan_.age) {
      out_.heard_ms_sum.resize(size);
      out_.count[kCountHeard].resize(size);
      out_.oldest_heard_ms.resize(size, UINT64_MAX);
    }
    for (auto& column : out_.figures) column.resize(size);
  }

  /// Place 0 for cells outside the scope.
  Places scoped(Scope scope, const CellKeys& keys) const {
    const auto& mask = masks_[static_cast<std::size_t>(scope)];
    Places places;
    const auto lanes = (1U << shift_) - 1;
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      places[i] = (places_[i] & mask[keys.state[i]]) | (static_cast<std::uint32_t>(i) & lanes);
    }
    return places;
  }

  /// All scopes in one pass: nodes by place and state, from which each scope is added up at the end.
  void add_states(const CellKeys& keys) {
    auto* const nodes = by_state_nodes_.data();
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      nodes[(places_[i] << kStateShift | keys.state[i]) << 1U | (i & 1U)] += keys.nodes[i];
    }
  }

  void spread_states() {
    for (std::size_t scope = 0; scope < kScopeCount; ++scope) {
      auto& column = out_.nodes[scope];
      column.assign(grouping_.size(), 0);
      for (std::size_t place = 1; place < column.size(); ++place) {
        for (std::size_t state = 0; state < kStateCount; ++state) {
          const auto at = (place << kStateShift | state) << 1U;
          if (masks_[scope][state] != 0) column[place] += by_state_nodes_[at] + by_state_nodes_[at + 1];
        }
      }
    }
  }

  static bool has_unknown(const CellKeys& keys) {
    bool any = false;
    for (std::size_t i = 0; i < kBlockCells; ++i) any |= keys.hardware[i] == kNoHardware && keys.state[i] != kFreeSlot;
    return any;
  }

  void add_keys(const CellKeys& keys) {
    for (std::size_t scope = 0; scope < kScopeCount; ++scope) {
      if (!plan_.scopes[scope] || by_state_) continue;
      const auto places = scoped(static_cast<Scope>(scope), keys);
      auto* const nodes = out_.nodes[scope].data();
      for (std::size_t i = 0; i < kBlockCells; ++i) nodes[places[i]] += keys.nodes[i];
    }
    if ((!by_hardware_ && values_.empty()) || (only_unknown_ && !has_unknown(keys))) return;
    const auto places = scoped(Scope::kInstalled, keys);
    for (std::size_t k = 0; k < values_.size(); ++k) {
      const auto* const values = values_[k].data();
      auto* const sums = out_.figures[k].data();
      for (std::size_t i = 0; i < kBlockCells; ++i) sums[places[i]] += static_cast<U128>(values[keys.hardware[i]]) * keys.nodes[i];
    }
    if (by_hardware_) count_hardware(keys, places);
  }

  void count_hardware(const CellKeys& keys, const Places& places) {
    const auto rows = dictionaries_.size(Domain::kHardware);
    if (matrix_.empty() && grouping_.dense() && (room_ >> shift_) * rows <= kMatrixEntries) {
      matrix_.resize((room_ >> shift_) * rows);
    }
    if (matrix_.empty()) {
      for (std::size_t i = 0; i < kBlockCells; ++i) {
        if (places[i] >> shift_ != 0) listed_.emplace_back(std::uint64_t{places[i] >> shift_} << 32 | keys.hardware[i], keys.nodes[i]);
      }
      return;
    }
    for (std::size_t i = 0; i < kBlockCells; ++i) matrix_[(places[i] >> shift_) * rows + keys.hardware[i]] += keys.nodes[i];
  }

  void leave_matrix(std::size_t rows) {
    for (std::size_t at = rows; at < matrix_.size(); ++at) {
      if (matrix_[at] > 0) listed_.emplace_back(std::uint64_t{at / rows} << 32 | at % rows, matrix_[at]);
    }
    matrix_.clear();
  }

  void gather_hardware() {
    if (!matrix_.empty()) {
      leave_matrix(dictionaries_.size(Domain::kHardware));
      out_.by_hardware = std::move(listed_);
      return;
    }
    std::ranges::sort(listed_);
    for (const auto& [key, nodes] : listed_) {
      if (!out_.by_hardware.empty() && out_.by_hardware.back().first == key) {
        out_.by_hardware.back().second += nodes;
      } else {
        out_.by_hardware.emplace_back(key, nodes);
      }
    }
  }

  void add_sums(const CellKeys& keys, const CellSums& sums) {
    const auto available = scoped(Scope::kAvailable, keys);
    for (const auto k : plan_.sums) {
      add_column(out_.sum[k], sums.sum(k), available);
      add_column(out_.known[k], sums.known(k), available);
    }
    for (const auto k : plan_.counts) add_column(out_.count[k], sums.count(k), available);
    for (const auto k : plan_.buckets) {
      for (std::size_t i = 0; i < kBlockCells; ++i) out_.buckets[k][available[i]] |= sums.buckets(k)[i];
    }
    if (!plan_.age) return;
    const auto installed = scoped(Scope::kInstalled, keys);
    add_column(out_.heard_ms_sum, sums.heard_ms_sum(), installed);
    add_column(out_.count[kCountHeard], sums.count(kCountHeard), installed);
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      auto& oldest = out_.oldest_heard_ms[installed[i]];
      oldest = std::min(oldest, sums.oldest_heard_ms()[i]);
    }
  }

  template <class Number, class Join>
  void join_lanes(std::vector<Number>& column, Join join) const {
    if (shift_ == 0 || column.empty()) return;
    const auto lanes = std::size_t{1} << shift_;
    for (std::size_t place = 0; place < column.size() / lanes; ++place) {
      Number all = column[place * lanes];
      for (std::size_t lane = 1; lane < lanes; ++lane) all = join(all, column[place * lanes + lane]);
      column[place] = all;
    }
    column.resize(column.size() / lanes);
  }

  void join_all_lanes() {
    const auto sum = [](auto a, auto b) { return a + b; };
    for (auto& column : out_.nodes) join_lanes(column, sum);
    for (auto& column : out_.sum) join_lanes(column, sum);
    for (auto& column : out_.known) join_lanes(column, sum);
    for (auto& column : out_.count) join_lanes(column, sum);
    for (auto& column : out_.figures) join_lanes(column, sum);
    for (auto& column : out_.buckets) join_lanes(column, [](auto a, auto b) { return a | b; });
    join_lanes(out_.heard_ms_sum, sum);
    join_lanes(out_.oldest_heard_ms, [](auto a, auto b) { return std::min(a, b); });
  }

  template <class Column>
  static void add_column(std::vector<std::uint64_t>& into, const Column& column, const Places& places) {
    auto* const sums = into.data();
    for (std::size_t i = 0; i < kBlockCells; ++i) sums[places[i]] += column[i];
  }

  const Dictionaries& dictionaries_;
  const CellFilter* filter_;
  Plan plan_;
  Grouping& grouping_;
  std::array<std::array<std::uint32_t, kStateCount + 1>, kScopeCount> masks_{};
  std::array<std::uint8_t, kBlockCells> keep_{};
  Places places_{};
  std::size_t room_ = 0;
  unsigned shift_ = 0;  ///< of a place to its first lane
  bool few_ = false, by_hardware_ = false, by_state_ = false, only_unknown_ = false;
  std::vector<std::uint64_t> by_state_nodes_;       ///< [place << kStateShift | state], two lanes
  std::vector<std::vector<std::uint64_t>> values_;  ///< [wanted][hardware]
  std::vector<std::uint32_t> matrix_;               ///< [place][hardware] installed nodes
  std::vector<std::pair<std::uint64_t, std::uint64_t>> listed_;
  Folded out_;
};

}  // namespace

Folded fold_cells(const CellColumns& cells, const Dictionaries& dictionaries, const CellFilter* filter, const Measures& measures,
                  Grouping& grouping) {
  return Fold(dictionaries, filter, measures, grouping).run(cells);
}

}  // namespace capmap
