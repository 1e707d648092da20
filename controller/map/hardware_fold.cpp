#include "controller/map/hardware_fold.hpp"

#include <algorithm>

namespace capmap {
namespace {

constexpr std::uint64_t kMatrixEntries = std::uint64_t{1} << 21;
constexpr std::uint64_t kSmallMatrix = std::uint64_t{1} << 14, kSmallMatrixOfGroups = std::uint64_t{1} << 17;
constexpr std::size_t kFewLanes = 6;  ///< cost less cell by cell than a matrix that is not small

}  // namespace

HardwareFold::HardwareFold(Folded& out, const HardwareFigures& figures, const Grouping& grouping)
    : out_(out), figures_(figures), grouping_(grouping) {
  for (std::size_t k = 0; k < out.plan.figures.size(); ++k) {
    const auto& column = figures.columns[out.plan.figures[k]];
    if (!column.low.empty()) lanes_.push_back({.figure = k, .high = false, .values = &column.low});
    if (!column.high.empty()) lanes_.push_back({.figure = k, .high = true, .values = &column.high});
  }
  asked_ = words() || !lanes_.empty();
  const auto entries = grouping.row_space() > kMatrixEntries ? UINT64_MAX : grouping.row_space() * figures.rows;
  matrix_ =
      asked_ && grouping.adds(Domain::kPool).empty() && entries <= kMatrixEntries &&
      (words() || entries <= (grouping.adds(Domain::kHardware).empty() ? kSmallMatrix : kSmallMatrixOfGroups) || lanes_.size() > kFewLanes);
}

void HardwareFold::make_room(std::size_t places) {
  out_.figure_low.resize(places * out_.plan.figures.size());
  out_.figure_high.resize(places * out_.plan.figures.size());
  if (out_.plan.models) out_.models.resize(places * figures_.models.size());
  if (out_.plan.reasons) out_.reasons.resize(places * figures_.reasons.size());
}

void HardwareFold::ask_for_matrix(FoldPass& pass) {
  pass.hardware_count = figures_.rows;
  pass.matrix.resize(grouping_.row_space() * figures_.rows);
  site_rows_ = grouping_.row_adds(Domain::kSite);
  pass.matrix_row = site_rows_.empty() ? nullptr : site_rows_.data();
  const auto state_rows = grouping_.row_adds(Domain::kState);
  for (std::size_t state = 0; state < state_rows.size(); ++state) pass.states[state].matrix_add = state_rows[state];
}

void HardwareFold::ask_for_places(FoldPass& pass) {
  pass.list_hardware = words();
  if (words()) return;
  for (const auto& lane : lanes_) pass.figures.push_back(lane.values->data());
  const auto places = out_.plan.figures.empty() ? 0 : out_.figure_low.size() / out_.plan.figures.size();
  pass.figure_sums.resize((places + kNowherePlaces) * lanes_.size());
}

void HardwareFold::ask_for_total(FoldPass& pass) {
  pass.hardware_count = figures_.rows;
  if (asked_) pass.matrix.resize(figures_.rows);
}

void HardwareFold::take_total(FoldPass& pass) {
  if (!pass.matrix.empty()) add_row(0, pass.matrix.data());
  pass.matrix.clear();
}

void HardwareFold::note_counted(FoldPass& pass) {
  const auto& adds = grouping_.adds(Domain::kHardware);
  std::vector<std::uint32_t> total(figures_.rows);
  for (std::uint64_t row = 0; row < grouping_.row_space(); ++row) {
    const auto number = grouping_.number_of_row(row);
    const auto* const counts = pass.matrix.data() + row * figures_.rows;
    for (std::size_t hardware = 0; hardware < figures_.rows; ++hardware) total[hardware] += counts[hardware];
    if (adds.empty()) {
      if (any(counts)) pass.note(number);
      continue;
    }
    for (std::size_t hardware = 0; hardware < figures_.rows; ++hardware) {
      if (counts[hardware] != 0) pass.note(number + adds[hardware]);
    }
  }
  add_row(0, total.data());
}

void HardwareFold::add_to_total(std::size_t place) {
  const auto add = [place](std::vector<std::uint64_t>& values, std::size_t count) {
    for (std::size_t k = 0; !values.empty() && k < count; ++k) values[k] += values[place * count + k];
  };
  add(out_.figure_low, out_.plan.figures.size());
  add(out_.figure_high, out_.plan.figures.size());
  add(out_.models, figures_.models.size());
  add(out_.reasons, figures_.reasons.size());
}

bool HardwareFold::any(const std::uint32_t* counts) const {
  std::uint32_t all = 0;
  for (std::size_t i = 0; i < figures_.rows; ++i) all |= counts[i];
  return all != 0;
}

std::uint64_t& HardwareFold::sum(const Lane& lane, std::size_t place) {
  return (lane.high ? out_.figure_high : out_.figure_low)[place * out_.plan.figures.size() + lane.figure];
}

void HardwareFold::add(std::size_t place, std::size_t hardware, std::uint64_t nodes) {
  for (const auto& lane : lanes_) sum(lane, place) += (*lane.values)[hardware] * nodes;
  if (words()) add_words(place, hardware, nodes);
}

void HardwareFold::add_words(std::size_t place, std::size_t hardware, std::uint64_t nodes) {
  const auto& words = figures_.words[hardware];
  if (out_.plan.models) {
    for (const auto& [model, devices] : words.models) {
      if (out_.plan.devices() && words.models.size() > 1) continue;  // which of them is in use is not known
      out_.models[place * figures_.models.size() + model] += (out_.plan.devices() ? 1 : devices) * nodes;
    }
  }
  if (out_.plan.reasons) {
    for (const auto& [reason, parts] : words.reasons) out_.reasons[place * figures_.reasons.size() + reason] += parts * nodes;
  }
}

void HardwareFold::add_row(std::size_t place, const std::uint32_t* counts) {
  if (!any(counts)) return;
  for (const auto& lane : lanes_) sum(lane, place) += sum_of_products({lane.values->data(), figures_.rows}, counts);
  for (std::size_t i = 0; words() && i < figures_.rows; ++i) {
    if (counts[i] != 0) add_words(place, i, counts[i]);
  }
}

void HardwareFold::take_places(FoldPass& pass) {
  for (const auto& cell : pass.listed) add(cell.place, cell.hardware, cell.nodes);
  if (pass.figures.empty()) return;
  for (std::size_t k = 0; k < lanes_.size(); ++k) {
    for (std::size_t place = 0; (place + kNowherePlaces) * lanes_.size() < pass.figure_sums.size(); ++place) {
      sum(lanes_[k], place) += pass.figure_sums[place * lanes_.size() + k];
    }
  }
}

}  // namespace capmap
