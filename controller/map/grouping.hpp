#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "controller/map/dictionaries.hpp"

namespace capmap {

/// Numbers the groups of one rollup: a number is made of digits, so numbers are in the order of the keys' texts, and a cell's number is
/// the sum of what its site, pool, hardware and state add. A dimension is a digit of its own. Where that would take too many numbers,
/// neighbours of one domain are one digit, and only what occurs of them together is counted, in the order of texts; where even that takes
/// too many, all dimensions of a domain stand side by side, and groups come in the order of these. So all dimensions may be asked at
/// once. Borrows the dictionaries.
class Grouping {
 public:
  Grouping(const Dictionaries& dictionaries, const std::vector<Dimension>& by);
  Grouping(const Grouping&) = delete;
  Grouping& operator=(const Grouping&) = delete;
  /// All numbers are below; at most 2^62.
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
    Domain domain = Domain::kSite;
    std::vector<const DimensionColumn*> columns;    ///< more than one only where `own` says which texts occur together
    std::vector<std::size_t> keys;                  ///< [column] its place in a key
    std::span<const std::uint32_t> values;          ///< [index] of the domain
    const std::vector<PoolClass>* pools = nullptr;  ///< a compute class: what a pool adds stands for its own less its site's, never < 0
    std::uint64_t radix = 1, stride = 1, row_stride = 1;
    std::vector<std::uint32_t> own;       ///< the values, where they are not the codes of one column
    std::vector<std::uint32_t> first;     ///< [what the domain's digits before have met together] the first that is met with it
    std::vector<std::uint32_t> index_of;  ///< [what is met together so far] an index of the domain that has it
  };
  static std::vector<Digit> digit_each(const Dictionaries& dictionaries, const std::vector<Dimension>& by);
  static std::vector<Digit> digits_together(const Dictionaries& dictionaries, const std::vector<Dimension>& by,
                                            const std::vector<std::size_t>& order);
  static void number_together(Digit& digit, std::vector<std::uint32_t>& met);
  static Digit digit_of(const Dictionaries& dictionaries, Dimension dimension, std::size_t key);
  static bool fit(const std::vector<Digit>& digits);
  void lay_out();
  void add_pools(const Digit& digit);

  std::size_t dimensions_ = 0;
  std::vector<Digit> digits_;
  std::array<std::vector<std::uint64_t>, kDomainCount> adds_;
  std::uint64_t space_ = 1, row_space_ = 1;
};

}  // namespace capmap
