#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "controller/map/cell_columns.hpp"
#include "controller/map/dimension.hpp"
#include "controller/map/hardware_row.hpp"
#include "controller/map/site.hpp"

namespace capmap {

/// Which column of a cell a dimension is told by.
enum class Domain : std::uint8_t { kSite, kPool, kHardware, kState };
inline constexpr std::size_t kDomainCount = 4;
Domain domain_of(Dimension dimension);

/// One dimension as codes: texts ascending, so that the order of codes is the order of texts.
struct DimensionColumn {
  std::vector<std::string> texts;    ///< [code]; "" = not declared or not known
  std::vector<std::uint32_t> codes;  ///< [site, pool or hardware index, or state code]
};

/// What one node of a hardware row adds to each figure.
enum HardwareFigure : std::uint8_t {
  kPackages,
  kCores,
  kPus,
  kMemoryBytes,
  kMemoryUnknown,
  kAccelerators,
  kStorageBytes,
  kStorageUnknown = kStorageBytes + 5,
  kNics,
  kNicMbps,
  kNicUnknown,
  kRated,
  kUnratedPackages,
  kUnratedAccelerators,
  kUnratedNodes,
  kHardwareUnknown,
  kCpuPeak,
  kCpuOffered = kCpuPeak + kPrecisionCount,
  kAcceleratorPeak = kCpuOffered + kPrecisionCount,
  kAcceleratorOffered = kAcceleratorPeak + kPrecisionCount,
  kFigureCount = kAcceleratorOffered + kPrecisionCount
};

struct HardwareFigures {
  using Counted = std::pair<std::uint32_t, std::uint32_t>;  ///< (number of a text, devices or packages a node)
  struct Words {
    std::vector<Counted> models, reasons;
  };
  std::vector<std::array<std::uint64_t, kFigureCount>> rows;  ///< [hardware]
  std::vector<Words> words;                                   ///< [hardware]
  std::vector<std::string> models;
  std::vector<std::pair<std::string, std::string>> reasons;  ///< (what, why)
};

/// Texts and figures of sites, pools and hardware rows, made once when a reader first asks and shared by all views until one of
/// these tables changes. It is an index, not an answer: cells are not in it. Any thread.
class Dictionaries {
 public:
  using Sites = std::vector<std::shared_ptr<const Site>>;
  using Pools = std::vector<std::shared_ptr<const Pool>>;
  using Hardware = std::vector<std::shared_ptr<const HardwareRow>>;
  Dictionaries(Sites sites, Pools pools, Hardware hardware);

  [[nodiscard]] const DimensionColumn& column(Dimension dimension) const;
  [[nodiscard]] const HardwareFigures& figures() const;
  [[nodiscard]] const Hardware& hardware() const { return hardware_; }
  /// Indexes a domain has: one more than the highest a cell may hold.
  [[nodiscard]] std::size_t size(Domain domain) const;

 private:
  [[nodiscard]] std::string text(Dimension dimension, std::size_t index) const;
  void make_column(Dimension dimension) const;
  void make_figures() const;

  Sites sites_;
  Pools pools_;
  Hardware hardware_;
  mutable std::array<std::once_flag, kDimensionCount> column_made_;
  mutable std::array<DimensionColumn, kDimensionCount> columns_;
  mutable std::once_flag figures_made_;
  mutable HardwareFigures figures_;
};

}  // namespace capmap
