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
/// class, states and pools likewise; what is left to ask of a cell whose class, state and pool are known is its hardware alone.
struct Selection {
  std::vector<std::uint8_t> site_class;                    ///< [site]; empty: all are class 0
  std::vector<std::uint8_t> pool_row;                      ///< [pool]; empty: all are 0
  std::array<std::uint32_t, kStateCount + 1> state_row{};  ///< [state]
  std::size_t rows = 1;
  std::vector<Residual> residuals;      ///< [class * rows + row of state + row of pool]; borrow from `tables`
  std::vector<std::uint8_t> tables;     ///< [hardware], one after the other
  std::vector<std::uint64_t> code_add;  ///< [code] what hardware adds to a group's number
  bool by_code = true;                  ///< false: hardware adds too many different numbers for codes, all codes are 0
  bool judge_cells = false;             ///< the filter asks too much for tables: cells are to be judged by it one by one
  /// by_hardware: whether cells are to be told apart by what their hardware adds.
  Selection(const CellFilter* filter, const Grouping& grouping, const Dictionaries& dictionaries, bool by_hardware);
  /// Tables that keep of hardware only what `wanted` says, for residuals that were copied from here.
  template <class Wanted>
  void narrow(std::vector<Residual>& of, std::size_t hardware_count, Wanted wanted) {
    narrowed_.assign(of.size() * hardware_count, 0);
    for (std::size_t k = 0; k < of.size(); ++k) {
      auto* const table = narrowed_.data() + k * hardware_count;
      for (std::size_t i = 0; i < hardware_count; ++i) {
        if (of[k].any && wanted(i)) table[i] = of[k].table == nullptr ? 1 : of[k].table[i];
      }
      of[k].table = table;
    }
  }
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;

 private:
  void number_codes(const std::vector<std::uint64_t>& adds);
  void keep_all();
  void divide(const CellFilter& filter, const Dictionaries& dictionaries);
  std::vector<std::uint8_t> narrowed_;
  std::vector<std::uint8_t> codes_;  ///< [hardware] one more than its code; empty: all 1
};

}  // namespace capmap
