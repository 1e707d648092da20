#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace capmap {

/// How many nodes of each cell were heard in which stretch of time: what the oldest of a cell is found by when others are heard anew.
/// Mostly few nodes within some stretches that follow each other: sixteen bytes a cell. More than that stands apart. Owned by the cell
/// table; one thread; pure.
class HeardSlots {
 public:
  using Time = std::uint32_t;  ///< a moment divided by the width of a stretch

  void resize(std::size_t cells) { cells_.resize(cells); }
  void add(std::size_t cell, Time time, std::uint32_t nodes);
  /// So many must have been added at that time.
  void take(std::size_t cell, Time time, std::uint32_t nodes);
  [[nodiscard]] bool empty(std::size_t cell) const { return cells_[cell].counts == 0 && cells_[cell].apart == 0; }
  /// The earliest time of a cell that is not empty.
  [[nodiscard]] Time first(std::size_t cell) const {
    const auto& here = cells_[cell];
    return here.apart == 0 ? here.first : apart_[here.apart - 1].front().first;
  }

 private:
  static constexpr std::uint32_t kTimes = 8, kMost = UINT8_MAX;
  struct Cell {
    std::uint64_t counts = 0;  ///< byte i: nodes heard at first + i; byte 0 is not zero unless all are
    Time first = 0;
    std::uint32_t apart = 0;  ///< 0, or one more than the index of where its times stand
  };
  using Times = std::vector<std::pair<Time, std::uint32_t>>;  ///< ascending, none of 0 nodes

  /// False when there is no room.
  static bool add_here(Cell& cell, Time time, std::uint32_t nodes);
  Times& move_apart(Cell& cell);
  /// Comes back once half the room would do, so that it does not go to and fro.
  void move_back(Cell& cell);

  std::vector<Cell> cells_;
  std::vector<Times> apart_;
  std::vector<std::uint32_t> free_;  ///< of apart_
};

}  // namespace capmap
