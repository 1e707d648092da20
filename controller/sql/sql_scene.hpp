#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/chip_table.hpp"
#include "controller/access/principal.hpp"
#include "controller/map/dictionaries.hpp"
#include "controller/map/filter.hpp"
#include "controller/map/map_view.hpp"

namespace capmap {

/// The moment a statement looks at, and as much of it as who asks may see. One thread; lives as long as the statement.
class SqlScene {
 public:
  /// `exact`: coordinates of sites are told in full.
  SqlScene(std::shared_ptr<const MapView> view, std::shared_ptr<const ChipTable> chips, Principal principal, bool exact,
           std::uint64_t now_boot_ms);

  [[nodiscard]] const MapView& view() const { return *view_; }
  [[nodiscard]] const Dictionaries& dictionaries() const { return *dictionaries_; }
  /// null: none is known.
  [[nodiscard]] const ChipTable* chips() const { return chips_.get(); }
  [[nodiscard]] const Principal& principal() const { return principal_; }
  [[nodiscard]] bool exact() const { return exact_; }
  [[nodiscard]] std::uint64_t now_boot_ms() const { return now_boot_ms_; }

  /// Whether what stands at that site may be seen. A site that is newer than the view is seen by who sees everything.
  [[nodiscard]] bool sees(std::uint32_t site) const { return !sites_seen_ || (site < sites_seen_->size() && (*sites_seen_)[site] != 0); }
  /// [site] not 0: seen; null: all are.
  [[nodiscard]] const std::shared_ptr<const std::vector<std::uint8_t>>& sites_seen() const { return sites_seen_; }
  /// Whether a region's own row may be seen: what is within the scope, and what a seen site lies in.
  [[nodiscard]] bool sees_region(std::string_view code) const;
  /// Whether a kind of hardware may be seen: some node of it is.
  [[nodiscard]] bool sees_hardware(std::uint32_t hardware) const;
  [[nodiscard]] const Site* site(std::uint32_t index) const;
  [[nodiscard]] const Pool* pool(std::uint32_t index) const;
  [[nodiscard]] const HardwareRow* hardware(std::uint32_t index) const;
  [[nodiscard]] std::optional<std::uint32_t> find_site(std::string_view id) const;

  /// Ids as texts; empty: none. They live as long as the scene.
  [[nodiscard]] std::string_view site_id(std::uint32_t index) const;
  [[nodiscard]] std::string_view pool_id(std::uint32_t index) const;
  [[nodiscard]] std::string_view hardware_id(std::uint32_t index) const;
  /// What a dimension says of a place among cells; empty: not declared or not known. Lives as long as the scene.
  [[nodiscard]] std::string_view text(Dimension dimension, const CellKey& key) const;
  /// A figure of one node of that hardware (see HardwareFigure).
  [[nodiscard]] unsigned __int128 figure(std::size_t figure, std::uint32_t hardware) const;

 private:
  std::shared_ptr<const MapView> view_;
  std::shared_ptr<const Dictionaries> dictionaries_;
  std::shared_ptr<const ChipTable> chips_;
  Principal principal_;
  bool exact_;
  std::uint64_t now_boot_ms_;
  std::shared_ptr<const std::vector<std::uint8_t>> sites_seen_;
  mutable std::vector<std::string> site_ids_, pool_ids_, hardware_ids_;
  mutable std::optional<std::vector<std::uint8_t>> hardware_seen_;
};

}  // namespace capmap
