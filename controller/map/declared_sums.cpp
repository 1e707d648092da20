#include "controller/map/declared_sums.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace capmap {
namespace {

constexpr const char* kNotBySites = "what is declared belongs to a site, and these groups are not of sites alone";
constexpr const char* kFiltered = "what is declared belongs to a site, and this filter chooses among its nodes";

/// True where a filter asks only what a site says of itself.
bool asks_sites_alone(const FilterNode& filter) {
  if (filter.kind == FilterNode::Kind::kHasAccelerator) return false;
  if (filter.kind != FilterNode::Kind::kTest) return std::ranges::all_of(filter.parts, asks_sites_alone);
  const auto named = std::ranges::find(kDimensionNames, filter.field);
  return named != kDimensionNames.end() && domain_of(static_cast<Dimension>(named - kDimensionNames.begin())) == Domain::kSite;
}

constexpr std::size_t kNobody = SIZE_MAX;
constexpr std::size_t kPowerFigure = static_cast<std::size_t>(Declared::kPowerWatts);

static_assert(kDeclaredCount <= 32);  // a bit each

}  // namespace

/// What is installed at the sites that declare something, site by site: a pass over the cells.
class DeclaredSums::InstalledBySite {
 public:
  InstalledBySite(const MapView& view, const HardwareFigures& figures) : figures_(figures) {
    number_of_.assign(view.sites.size(), kNobody);
    for (std::size_t i = 0; i < view.sites.size(); ++i) {
      if (!view.sites[i] || view.sites[i]->declared.empty()) continue;
      number_of_[i] = sites_++;
      note_figures(view.sites[i]->declared);
    }
    if (sites_ == 0) return;
    rows_.resize(std::max<std::size_t>(figures.rows, 1));
    for (std::size_t row = 0; row < rows_.size(); ++row) read_row(row);
    sums_.resize(sites_ * columns());
    lacking_.resize(sites_);
    for (std::size_t block = 0; block < view.cells.block_count(); ++block) add_block(view.cells.keys(block));
  }

  [[nodiscard]] U128 sum(std::size_t site, std::size_t figure) const { return sums_[number_of_[site] * columns() + column_of_[figure]]; }
  /// Of a model that a site declares.
  [[nodiscard]] U128 sum(std::size_t site, const std::string& model) const {
    return sums_[number_of_[site] * columns() + wanted_.size() + models_.at(model)];
  }
  /// Whether all of it is known.
  [[nodiscard]] bool complete(std::size_t site, std::size_t figure) const { return (lacking_[number_of_[site]] >> figure & 1U) == 0; }

 private:
  /// What one node of a hardware row adds.
  struct Row {
    std::vector<std::pair<std::size_t, std::uint64_t>> adds;  ///< (column, so much)
    std::uint32_t lacking = 0;                                ///< bit [figure]: not all of it is known
  };
  [[nodiscard]] std::size_t columns() const { return wanted_.size() + models_.size(); }

  void note_figures(const DeclaredCapacity& declared) {
    for (std::size_t i = 0; i < kDeclaredCount; ++i) {
      if (!declared.figures[i] || i == kPowerFigure || column_of_[i] != kNobody) continue;
      column_of_[i] = wanted_.size();
      wanted_.push_back(i);
    }
    for (const auto& model : declared.accelerators_by_model) models_.try_emplace(model.first, models_.size());
  }

  [[nodiscard]] std::uint64_t value(std::size_t row, std::size_t figure) const {
    const auto& column = figures_.columns[figure];
    const std::uint64_t low = row < column.low.size() ? column.low[row] : 0, high = row < column.high.size() ? column.high[row] : 0;
    return high << 32 | low;
  }

  void read_row(std::size_t row) {
    auto& into = rows_[row];
    for (std::size_t k = 0; k < wanted_.size(); ++k) {
      const auto [amount, known] = installed(row, wanted_[k]);
      if (amount != 0) into.adds.emplace_back(k, amount);
      if (!known) into.lacking |= 1U << wanted_[k];
    }
    if (value(row, kHardwareUnknown) != 0) into.lacking |= 1U << static_cast<std::size_t>(Declared::kAccelerators);  // also of models
    if (row >= figures_.words.size()) return;
    for (const auto& [text, count] : figures_.words[row].models) {
      const auto found = models_.find(figures_.models[text]);
      if (found != models_.end()) into.adds.emplace_back(wanted_.size() + found->second, count);
    }
  }

  [[nodiscard]] std::pair<std::uint64_t, bool> installed(std::size_t row, std::size_t figure) const {
    const bool known = value(row, kHardwareUnknown) == 0;
    if (figure >= kFirstDeclaredPeak) {
      const auto precision = figure - kFirstDeclaredPeak;
      const bool rated = known && value(row, kUnratedPackages) == 0 && value(row, kUnratedAccelerators) == 0 &&
                         value(row, kAcceleratorOffered + precision) >= value(row, kRated);
      return {value(row, kCpuPeak + precision) + value(row, kAcceleratorPeak + precision), rated};
    }
    switch (static_cast<Declared>(figure)) {
      case Declared::kNodes: return {1, true};
      case Declared::kPackages: return {value(row, kPackages), known};
      case Declared::kCores: return {value(row, kCores), known};
      case Declared::kAccelerators: return {value(row, kAccelerators), known};
      case Declared::kMemoryBytes: return {value(row, kMemoryBytes), known && value(row, kMemoryUnknown) == 0};
      default: break;
    }
    std::uint64_t bytes = 0;
    for (std::size_t media = kStorageBytes; media < kStorageUnknown; ++media) bytes += value(row, media);
    return {bytes, known && value(row, kStorageUnknown) == 0};
  }

  void add_block(const CellKeys& keys) {
    for (std::size_t i = 0; i < kBlockCells; ++i) {
      const auto site = keys.site(i);
      if (keys.nodes[i] == 0 || site >= number_of_.size() || number_of_[site] == kNobody) continue;
      const auto service = service_of(keys.state[i]);
      if (keys.state[i] == kFreeSlot || !counts_as_installed(service)) continue;
      const auto& row = rows_[keys.hardware[i] < rows_.size() ? keys.hardware[i] : kNoHardware];
      auto* const sums = sums_.data() + number_of_[site] * columns();
      for (const auto& [column, amount] : row.adds) sums[column] += U128{amount} * keys.nodes[i];
      lacking_[number_of_[site]] |= row.lacking;
    }
  }

  const HardwareFigures& figures_;
  std::vector<std::size_t> number_of_;  ///< [site index] among those that declare something
  std::size_t sites_ = 0;
  std::vector<std::size_t> wanted_;  ///< figures that somebody declares
  std::array<std::size_t, kDeclaredCount> column_of_ = [] {
    std::array<std::size_t, kDeclaredCount> none{};
    none.fill(kNobody);
    return none;
  }();
  std::map<std::string, std::size_t> models_;  ///< those that somebody declares: their column behind the figures
  std::vector<Row> rows_;                      ///< [hardware]
  std::vector<U128> sums_;                     ///< [site's number][column]
  std::vector<std::uint32_t> lacking_;         ///< [site's number] bit [figure]
};

DeclaredSums::DeclaredSums(const MapView& view, const std::vector<Dimension>& by, const std::optional<FilterNode>& filter) : view_(view) {
  of_sites_ = !filter || asks_sites_alone(*filter);
  const bool grouped = std::ranges::all_of(by, [](Dimension dimension) { return domain_of(dimension) == Domain::kSite; });
  if (!grouped) why_not_ = kNotBySites;
  if (!of_sites_) why_not_ = kFiltered;
  if (!of_sites_) return;
  const auto dictionaries = dictionaries_of(view);
  std::optional<CellFilter> chosen;
  if (filter) chosen.emplace(*filter, *dictionaries);
  installed_ = std::make_unique<const InstalledBySite>(view, dictionaries->figures());
  std::vector<const DimensionColumn*> columns;
  for (const auto dimension : by) columns.push_back(&dictionaries->column(dimension));
  std::map<std::vector<std::uint32_t>, Sites> by_codes;  // in the order of texts
  std::vector<std::uint32_t> codes(by.size());
  for (std::size_t i = 0; i < std::min(view.sites.size(), dictionaries->size(Domain::kSite)); ++i) {
    if (!view.sites[i] || (chosen && !chosen->keeps({i, 0, 0, 0}))) continue;
    all_.push_back(static_cast<std::uint32_t>(i));
    if (!grouped) continue;
    for (std::size_t k = 0; k < by.size(); ++k) codes[k] = columns[k]->codes[i];
    by_codes[codes].push_back(all_.back());
  }
  for (auto& [numbers, sites] : by_codes) {
    std::vector<std::string> key;
    for (std::size_t k = 0; k < by.size(); ++k) key.push_back(columns[k]->texts[numbers[k]]);
    groups_.emplace_hint(groups_.end(), std::move(key), std::move(sites));
  }
}

DeclaredSums::~DeclaredSums() = default;

DeclaredGroup DeclaredSums::sum_of(const Sites& sites) const {
  DeclaredGroup group{.sites = sites.size(), .figures = {}, .models = {}};
  const auto add = [](DeclaredSum& sum, std::uint64_t declared, U128 there, bool complete) {
    ++sum.sites;
    sum.declared += declared;
    sum.installed += there;
    if (there > declared) {
      sum.beyond += there - declared;
      ++sum.sites_beyond;
    }
    sum.complete = sum.complete && complete;
  };
  for (const auto site : sites) {
    const auto& declared = view_.sites[site]->declared;
    for (std::size_t i = 0; i < kDeclaredCount; ++i) {
      if (!declared.figures[i]) continue;
      const bool comparable = i != kPowerFigure;
      group.figures[i].comparable = comparable;
      add(group.figures[i], *declared.figures[i], comparable ? installed_->sum(site, i) : 0, !comparable || installed_->complete(site, i));
    }
    for (const auto& [model, count] : declared.accelerators_by_model) {
      add(group.models[model], count, installed_->sum(site, model),
          installed_->complete(site, static_cast<std::size_t>(Declared::kAccelerators)));
    }
  }
  return group;
}

std::optional<DeclaredGroup> DeclaredSums::total() const {
  return of_sites_ ? std::optional(sum_of(all_)) : std::nullopt;
}

std::optional<DeclaredGroup> DeclaredSums::of_group(const std::vector<std::string>& key) const {
  if (why_not_ != nullptr) return std::nullopt;
  const auto found = groups_.find(key);
  return found == groups_.end() ? DeclaredGroup{} : sum_of(found->second);
}

std::vector<std::vector<std::string>> DeclaredSums::keys() const {
  std::vector<std::vector<std::string>> all;
  if (why_not_ != nullptr) return all;
  for (const auto& group : groups_) all.push_back(group.first);
  return all;
}

Rollup roll_up_beside(const MapView& view, const RollupQuery& query, std::uint64_t now_boot_ms, const DeclaredSums& declared) {
  const auto of_sites = declared.keys();
  if (of_sites.empty()) return roll_up_query(view, query, now_boot_ms);
  const auto of_cells = group_keys(view, query.by, query.filter);
  std::vector<std::vector<std::string>> all;
  std::ranges::set_union(of_cells, of_sites, std::back_inserter(all));
  const auto first = std::min(query.first, all.size());
  const auto last = first + std::min(query.limit, all.size() - first);
  RollupQuery folded = query;
  const auto place = [&](std::size_t in_all) {  // how many groups of cells come before
    if (in_all == all.size()) return of_cells.size();
    return static_cast<std::size_t>(std::ranges::lower_bound(of_cells, all[in_all]) - of_cells.begin());
  };
  folded.first = place(first);
  folded.limit = place(last) - folded.first;
  Rollup rollup = roll_up_query(view, folded, now_boot_ms);
  std::vector<RollupGroup> groups;
  auto next = rollup.groups.begin();
  for (auto i = first; i < last; ++i) {
    if (next != rollup.groups.end() && next->key == all[i]) {
      groups.push_back(std::move(*next++));
    } else {
      groups.emplace_back().key = all[i];
    }
  }
  rollup.groups = std::move(groups);
  rollup.group_count = all.size();
  return rollup;
}

}  // namespace capmap
