#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "controller/map/filter.hpp"
#include "controller/map/fold_kernel.hpp"
#include "controller/map/grouping.hpp"

namespace capmap {

/// A filter and a grouping held against the dictionaries, before any cell is looked at. Sites that the filter cannot tell apart are a
/// class, states likewise a row; what is left to ask of a cell of a class and row is its hardware alone.
struct Selection {
  std::vector<std::uint8_t> site_class;                   ///< [site]; empty: all are class 0
  std::array<std::uint8_t, kStateCount + 1> state_row{};  ///< [state]
  std::size_t rows = 1;
  std::vector<Residual> residuals;      ///< [class * rows + row]; borrow from `tables`
  std::vector<std::uint8_t> tables;     ///< [hardware], one after the other
  std::vector<std::uint64_t> code_add;  ///< [code] what hardware adds to a group's number
  bool by_code = true;                  ///< false: hardware adds too many different numbers for codes, all codes are 0
  bool judge_cells = false;             ///< the filter asks too much for tables: cells are to be judged by it one by one
  Selection(const CellFilter* filter, const Grouping& grouping, const Dictionaries& dictionaries);
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;

 private:
  void number_codes(const std::vector<std::uint64_t>& adds);
  void keep_all();
  void divide(const CellFilter& filter, const Dictionaries& dictionaries);
  std::vector<std::uint8_t> codes_;  ///< [hardware] one more than its code; empty: all 1
};

}  // namespace capmap
