#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/map/node_table.hpp"
#include "controller/map/verdict.hpp"

namespace capmap {

/// What nodes were before: of those whose hardware has changed since the controller started; others cost nothing. Owned by the map; one
/// thread; pure. Times are boot_ms.
class ShapePast {
 public:
  /// More than so many times the memory or the cards of before, in one run of its agent, is no boot's doing.
  static constexpr std::uint64_t kGrowth = 2;
  /// So many other numbers of cards within an hour.
  static constexpr std::size_t kMostCardChanges = 2;
  static constexpr std::uint64_t kHourMs = 3'600'000;

  struct Hardware {
    std::optional<std::uint64_t> memory_bytes;
    std::uint32_t cards = 0;
    std::string processor{};  ///< CpuShape::identity; empty: not known
  };

  [[nodiscard]] bool empty() const { return notes_.empty(); }
  [[nodiscard]] bool has(RowIndex row) const { return notes_.contains(row); }
  /// A row is of this hardware no longer. `restarted`: its agent has started anew, perhaps with the machine. A guest is given what its host
  /// likes: `may_grow`.
  void was(RowIndex row, const Hardware& hardware, bool restarted, bool may_grow);
  /// It is of this now. True: its findings may be others.
  bool is(RowIndex row, const Hardware& hardware, std::uint64_t now_ms);
  /// Its agent has started anew: what grew has been through a start.
  void restarted(RowIndex row);
  /// Forgets what is over; true when its findings may be others.
  bool expire(RowIndex row, std::uint64_t now_ms);
  void forget(RowIndex row) { notes_.erase(row); }
  [[nodiscard]] std::vector<Finding> findings(RowIndex row) const;

 private:
  struct Note {
    std::optional<Hardware> before;  ///< until the next hardware is known
    bool judged = false;             ///< against it
    std::optional<Finding> grew;
    std::optional<std::string> processor{};  ///< what it was in this run, while it is another one
    std::string processor_now{};
    std::vector<std::uint64_t> card_changes_ms;  ///< ascending
  };

  std::unordered_map<RowIndex, Note> notes_;
};

}  // namespace capmap
