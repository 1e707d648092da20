#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "controller/map/node_table.hpp"

namespace capmap {

/// Nodes that were no longer fresh and came back, and when they did: only they cost anything here. Owned by the map; one thread; pure.
/// Times are boot_ms.
class ReturnNotes {
 public:
  static constexpr std::size_t kMost = 100'000;  ///< nodes; beyond, whose last return is oldest is forgotten where it is a day ago
  static constexpr std::size_t kTimes = 16;      ///< newest returns of a node
  static constexpr std::uint64_t kKeepMs = 24 * 3'600'000ULL;  ///< a return is told for so long

  void came_back(RowIndex row, std::uint64_t now_ms);
  /// Returns since a moment, oldest first.
  [[nodiscard]] std::vector<std::uint64_t> since(RowIndex row, std::uint64_t from_ms) const;
  [[nodiscard]] bool has(RowIndex row) const { return notes_.contains(row); }
  [[nodiscard]] bool empty() const { return notes_.empty(); }
  void forget(RowIndex row) { notes_.erase(row); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }  ///< returns that found no room

 private:
  struct Note {
    std::array<std::uint32_t, kTimes> seconds{};  ///< a ring; 136 years of seconds since boot
    std::uint32_t count = 0;
    [[nodiscard]] std::uint64_t newest_ms() const { return seconds[(count - 1) % kTimes] * std::uint64_t{1'000}; }
  };
  void make_room(std::uint64_t now_ms);

  std::unordered_map<RowIndex, Note> notes_;
  std::uint64_t swept_at_ms_ = 0, refused_ = 0;
};

}  // namespace capmap
