#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/map/rollup.hpp"

namespace capmap {

/// One figure over the sites of a group that declared it, with what is installed at these same sites.
struct DeclaredSum {
  std::uint64_t sites = 0;  ///< that declared it; 0 = nobody did: then nothing of this is told
  U128 declared = 0, installed = 0;
  U128 beyond = 0;                 ///< what these sites have more than they declared, site by site; never less than installed - declared
  std::uint64_t sites_beyond = 0;  ///< sites that have more
  bool comparable = true;          ///< false: the map knows no installed figure of its kind (power)
  bool complete = true;            ///< false: some of what is installed there is not known, so `installed` is too low
};

/// What the sites of one group declared, each site once.
struct DeclaredGroup {
  std::uint64_t sites = 0;                          ///< those without any node among them
  std::array<DeclaredSum, kDeclaredCount> figures;  ///< [figure], see kDeclaredNames
  std::map<std::string, DeclaredSum> models;        ///< by name of an accelerator model, those that somebody declared
};

/// Sums of what sites declare, for questions that are of sites alone: by region, hub, owner class and whatever else a site says. A pool's
/// compute class moves its nodes, not what its site declares. Pure; any thread; borrows the view. Cost: a look at each site, and one pass
/// over the keys of cells; then a look at the sites of each group that is asked for.
class DeclaredSums {
 public:
  DeclaredSums(const MapView& view, const std::vector<Dimension>& by, const std::optional<FilterNode>& filter);
  ~DeclaredSums();
  /// Why groups have none; null = they have. The total may have some all the same.
  [[nodiscard]] const char* why_not() const { return why_not_; }
  /// Absent where the question's filter chooses more than sites.
  [[nodiscard]] std::optional<DeclaredGroup> total() const;
  /// By key; absent where why_not() says so. A group of no site has all zero.
  [[nodiscard]] std::optional<DeclaredGroup> of_group(const std::vector<std::string>& key) const;
  /// Of all groups, in their order; empty where why_not() says so.
  [[nodiscard]] std::vector<std::vector<std::string>> keys() const;

 private:
  class InstalledBySite;
  using Sites = std::vector<std::uint32_t>;  ///< indexes
  [[nodiscard]] DeclaredGroup sum_of(const Sites& sites) const;

  const MapView& view_;
  const char* why_not_ = nullptr;
  bool of_sites_ = true;
  std::unique_ptr<const InstalledBySite> installed_;
  Sites all_;  ///< that fulfil the filter
  std::map<std::vector<std::string>, Sites> groups_;
};

/// As roll_up_query, with the groups of sites that have no node yet among the others, in the order of keys.
Rollup roll_up_beside(const MapView& view, const RollupQuery& query, std::uint64_t now_boot_ms, const DeclaredSums& declared);

}  // namespace capmap
