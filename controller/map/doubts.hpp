#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "controller/map/node_table.hpp"
#include "controller/map/verdict.hpp"

namespace capmap {

/// How many nodes each reason is given for.
using DoubtCounts = std::array<std::uint32_t, kDoubtCount>;

/// The contradicted nodes: since when, and for what reasons. Others cost nothing. Owned by the map; one thread; pure.
class DoubtTable {
 public:
  /// What a row's reasons depend on, as far as the row itself tells; the rest is told by touch().
  struct Sign {
    std::uint32_t shape = 0;
    std::uint16_t insane = 0;
    std::uint8_t flags = 0;
    bool operator==(const Sign&) const = default;
  };

  [[nodiscard]] bool has(RowIndex row) const { return doubted_.contains(row); }
  [[nodiscard]] bool empty() const { return doubted_.empty(); }
  /// False: its reasons are those that were noted last.
  [[nodiscard]] bool stale(RowIndex row, const Sign& sign) const {
    const auto found = doubted_.find(row);
    return found == doubted_.end() || found->second.touched || found->second.sign != sign;
  }
  /// Something that no sign tells has changed: what the map excludes it for, what was measured, its past.
  void touch(RowIndex row) {
    if (const auto found = doubted_.find(row); found != doubted_.end()) found->second.touched = true;
  }
  /// The row is contradicted for these reasons (bits by Doubt).
  void put(RowIndex row, std::uint32_t words, const Sign& sign, std::uint64_t now_ms);
  /// It is no longer, or it is gone.
  void forget(RowIndex row);
  [[nodiscard]] std::optional<std::uint64_t> since_ms(RowIndex row) const;
  [[nodiscard]] const DoubtCounts& counts() const { return counts_; }

 private:
  struct Doubted {
    std::uint64_t since_ms = 0;
    std::uint32_t words = 0;
    Sign sign;
    bool touched = false;
  };
  void count(std::uint32_t words, std::uint32_t by);

  std::unordered_map<RowIndex, Doubted> doubted_;
  DoubtCounts counts_{};
};

}  // namespace capmap
