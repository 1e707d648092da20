#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "controller/map/cell_fold.hpp"

namespace capmap {

/// The part of a fold that is about hardware: figures and texts that each node of a hardware row adds. Nodes are counted by row in a
/// matrix and multiplied once, or, where a matrix would be too large for what is asked, figures are summed cell by cell.
class HardwareFold {
 public:
  HardwareFold(Folded& out, const HardwareFigures& figures, const Grouping& grouping);
  /// Nothing else is asked for, and a matrix will do.
  [[nodiscard]] bool counts_only() const { return matrix_ && out_.plan.slots == 0 && out_.plan.tops.empty(); }
  [[nodiscard]] bool by_matrix() const { return matrix_; }
  void make_room(std::size_t places);

  void ask_for_matrix(FoldPass& pass);
  void ask_for_places(FoldPass& pass);
  void ask_for_total(FoldPass& pass);
  /// What was asked for goes to the places of its groups; place_of(number) 0: is not wanted.
  template <class PlaceOf>
  void take(FoldPass& pass, PlaceOf place_of) {
    const auto& adds = grouping_.adds(Domain::kHardware);
    for (std::uint64_t row = 0; row * pass.hardware_count < pass.matrix.size(); ++row) {
      const auto number = grouping_.number_of_row(row);
      const auto* const counts = pass.matrix.data() + row * figures_.rows;
      if (adds.empty()) {
        if (const auto place = any(counts) ? place_of(number) : 0; place != 0) add_row(place, counts);
        continue;
      }
      for (std::size_t hardware = 0; hardware < figures_.rows; ++hardware) {
        if (counts[hardware] == 0) continue;
        if (const auto place = place_of(number + adds[hardware]); place != 0) add(place, hardware, counts[hardware]);
      }
    }
    take_places(pass);
  }
  void take_total(FoldPass& pass);
  /// Notes the numbers of all groups in the matrix, and takes the total of them.
  void note_counted(FoldPass& pass);
  void add_to_total(std::size_t place);

 private:
  struct Lane {
    std::size_t figure = 0;  ///< of the plan's
    bool high = false;
    const std::vector<std::uint32_t>* values = nullptr;
  };
  [[nodiscard]] bool any(const std::uint32_t* counts) const;
  [[nodiscard]] bool words() const { return out_.plan.models || out_.plan.reasons; }
  [[nodiscard]] std::uint64_t& sum(const Lane& lane, std::size_t place);
  void add(std::size_t place, std::size_t hardware, std::uint64_t nodes);
  void add_words(std::size_t place, std::size_t hardware, std::uint64_t nodes);
  void add_row(std::size_t place, const std::uint32_t* counts);
  void take_places(FoldPass& pass);

  Folded& out_;
  const HardwareFigures& figures_;
  const Grouping& grouping_;
  std::vector<Lane> lanes_;  ///< of wanted figures what is not zero everywhere
  std::vector<std::uint32_t> site_rows_;
  bool asked_ = false, matrix_ = false;
};

}  // namespace capmap
