#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "controller/http/site_totals.hpp"
#include "controller/http/watch_question.hpp"

namespace capmap {

/// Totals by site as they were at one moment, and from which sites they are.
struct SiteTotals {
  std::uint64_t revision = 0, at_unix_ms = 0;
  std::uint64_t sites_version = 0;  ///< another one where a site came or changed
  std::vector<Totals> by_site;
  std::shared_ptr<const MapView> view;
};

/// A part of the map that somebody watches; who watches the same one shares it. Of the http thread alone.
class WatchChannel {
 public:
  explicit WatchChannel(WatchedPart part) : part_(std::move(part)) {}

  [[nodiscard]] const WatchedPart& part() const { return part_; }
  /// Sums anew. Cost: the part's sites; all of them where one came or changed.
  void take(const SiteTotals& sites);
  /// These totals are taken already.
  [[nodiscard]] bool knows(const SiteTotals& sites) const { return tick_ != 0 && revision_ == sites.revision; }
  /// Grows with each change of a total; 0: none was taken yet.
  [[nodiscard]] std::uint64_t tick() const { return tick_; }
  /// JSON of the totals for who was told tick `told`: those that moved since, or all.
  [[nodiscard]] std::string totals_text(std::uint64_t told) const;
  [[nodiscard]] const Totals& totals() const { return totals_; }

 private:
  WatchedPart part_;
  std::vector<std::uint32_t> sites_;  ///< of the part, by index
  std::uint64_t sites_version_ = 0, revision_ = 0, at_unix_ms_ = 0, tick_ = 0;
  Totals totals_{}, before_{};
};

}  // namespace capmap
