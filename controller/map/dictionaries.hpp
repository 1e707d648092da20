#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "controller/map/cell_columns.hpp"
#include "controller/map/dimension.hpp"
#include "controller/map/hardware_figures.hpp"
#include "controller/map/hardware_row.hpp"
#include "controller/map/site.hpp"

namespace capmap {

class RegionTable;

/// Which column of a cell a dimension is told by.
enum class Domain : std::uint8_t { kSite, kPool, kHardware, kState };
inline constexpr std::size_t kDomainCount = 4;
Domain domain_of(Dimension dimension);

/// One dimension as codes: texts ascending, so that the order of codes is the order of texts.
struct DimensionColumn {
  std::vector<std::string> texts;    ///< [code]; "" = not declared or not known
  std::vector<std::uint32_t> codes;  ///< [site, pool or hardware index, or state code]
};

/// A pool that declares a compute class: it holds for its nodes, whatever their site declares.
struct PoolClass {
  bool declared = false;
  std::uint32_t code = 0, of_site = 0;  ///< of the column of compute classes: the pool's, and what its site says
};

/// Texts and figures of sites, pools and hardware rows, immutable, shared by all views until one of these tables changes. It is an
/// index, not an answer: cells are not in it. Cost: a copy of the columns of a table that changed, and a look-up for each entry that did;
/// where many did, or the first time, a pass over the table (20,000 sites: some 20 ms).
class Dictionaries {
 public:
  using Sites = std::vector<std::shared_ptr<const Site>>;
  using Pools = std::vector<std::shared_ptr<const Pool>>;
  using Hardware = std::vector<std::shared_ptr<const HardwareRow>>;
  /// What tables have in common with `before`, which is of the same regions, is taken from there. Without regions no hub is derived.
  Dictionaries(Sites sites, Pools pools, Hardware hardware, const Dictionaries* before = nullptr,
               std::shared_ptr<const RegionTable> regions = nullptr);
  [[nodiscard]] const DimensionColumn& column(Dimension dimension) const { return *columns_[static_cast<std::size_t>(dimension)]; }
  /// [pool]; empty where no pool declares a class.
  [[nodiscard]] const std::vector<PoolClass>& pool_classes() const { return pool_classes_; }
  [[nodiscard]] const HardwareFigures& figures() const { return *figures_; }
  /// Indexes a domain has: one more than the highest a cell may hold.
  [[nodiscard]] std::size_t size(Domain domain) const;

 private:
  /// What differs from the dictionaries before.
  struct Change {
    bool all = true;                   ///< too much to look at one by one
    std::vector<std::size_t> indexes;  ///< else these
    [[nodiscard]] bool none() const { return !all && indexes.empty(); }
  };
  template <class Table>
  Change change_of(Domain domain, const Table& now, const Table* before);
  [[nodiscard]] std::string text(Dimension dimension, std::size_t index) const;
  [[nodiscard]] DimensionColumn make_column(Dimension dimension) const;
  [[nodiscard]] DimensionColumn follow(Dimension dimension, const DimensionColumn& before, const Change& change) const;
  void add_pool_texts(DimensionColumn& column) const;
  void find_pool_classes();

  Sites sites_;
  Pools pools_;
  Hardware hardware_;
  std::shared_ptr<const RegionTable> regions_;
  std::array<std::shared_ptr<const DimensionColumn>, kDimensionCount> columns_;
  std::vector<PoolClass> pool_classes_;
  std::shared_ptr<const HardwareFigures> figures_;
  std::array<std::size_t, kDomainCount> replaced_{};  ///< entries that were written anew since the domain's columns were made
};

}  // namespace capmap
