#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "controller/map/dictionaries.hpp"

namespace capmap {

/// Numbers the groups of one rollup: each dimension is a digit, so numbers are in the order of the keys' texts, and a cell's number is
/// the sum of what its site, pool, hardware and state add. Borrows the dictionaries.
class Grouping {
 public:
  Grouping(const Dictionaries& dictionaries, const std::vector<Dimension>& by);
  /// All numbers are below.
  [[nodiscard]] std::uint64_t space() const { return space_; }
  /// [index] what the domain adds; empty where it tells no groups apart.
  [[nodiscard]] const std::vector<std::uint64_t>& adds(Domain domain) const { return adds_[static_cast<std::size_t>(domain)]; }
  [[nodiscard]] std::uint64_t most(Domain domain) const;
  /// [dimension] texts of a group.
  [[nodiscard]] std::vector<std::string> texts(std::uint64_t number) const;

  /// The same numbers without hardware: rows of a matrix whose columns are hardware.
  [[nodiscard]] std::uint64_t row_space() const { return row_space_; }
  [[nodiscard]] std::vector<std::uint32_t> row_adds(Domain domain) const;
  /// What a row's groups have in common; hardware is added to it.
  [[nodiscard]] std::uint64_t number_of_row(std::uint64_t row) const;

 private:
  struct Digit {
    const DimensionColumn* column = nullptr;
    Domain domain = Domain::kSite;
    std::uint64_t stride = 1, row_stride = 1;
  };
  std::vector<Digit> digits_;  ///< [dimension]
  std::array<std::vector<std::uint64_t>, kDomainCount> adds_;
  std::uint64_t space_ = 1, row_space_ = 1;
};

}  // namespace capmap
