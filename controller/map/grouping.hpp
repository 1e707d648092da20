#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "controller/map/dictionaries.hpp"

namespace capmap {

/// Numbers the groups of one rollup: each dimension is a digit, so numbers are in the order of the keys' texts, and a cell's number is
/// the sum of what its site, pool, hardware and state add. Small spaces are used as they are; of large ones each group met gets the
/// next place. Place 0 is for what is in no group. Lives for one fold; borrows the dictionaries.
class Grouping {
 public:
  Grouping(const Dictionaries& dictionaries, const std::vector<Dimension>& by);
  /// out[i] = place of cell i, or 0 where keep (1 or 0; null: all) is 0 or the slot is free.
  void places(const CellKeys& keys, const std::array<std::uint8_t, kBlockCells>* keep, std::array<std::uint32_t, kBlockCells>& out);
  /// All places are known from the start.
  [[nodiscard]] bool dense() const { return dense_; }
  /// Places so far, 0 included.
  [[nodiscard]] std::size_t size() const { return dense_ ? seen_.size() : numbers_.size(); }
  /// Places of groups that were met, in the order of their keys.
  [[nodiscard]] std::vector<std::uint32_t> ordered() const;
  /// [dimension] texts of a group.
  [[nodiscard]] std::vector<std::string> texts(std::uint32_t place) const;

 private:
  template <unsigned kDomains>
  void add_dense(const CellKeys& keys, std::array<std::uint32_t, kBlockCells>& out) const;
  std::uint32_t place_of(std::uint64_t number);
  void grow();

  std::vector<const DimensionColumn*> columns_;
  std::array<std::vector<std::uint64_t>, kDomainCount> adds_;        ///< [domain][index]; empty where no dimension is of that domain
  std::array<std::vector<std::uint32_t>, kDomainCount> dense_adds_;  ///< the same where all places are known from the start
  bool dense_ = true;
  std::vector<std::uint8_t> seen_;      ///< dense: [place]
  std::vector<std::uint64_t> numbers_;  ///< else: [place] number
  std::vector<std::uint32_t> table_;    ///< else: places by hash of number, 0 = free
};

}  // namespace capmap
