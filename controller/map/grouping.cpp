#include "controller/map/grouping.hpp"

#include <algorithm>

namespace capmap {

Grouping::Grouping(const Dictionaries& dictionaries, const std::vector<Dimension>& by) : digits_(by.size()) {
  for (std::size_t i = by.size(); i-- > 0;) {
    const auto& column = dictionaries.column(by[i]);
    const auto domain = domain_of(by[i]);
    digits_[i] = {.column = &column, .domain = domain, .stride = space_, .row_stride = row_space_};
    const auto texts = std::max<std::uint64_t>(column.texts.size(), 1);  // few dimensions have thousands: below 2^64 in all
    if (texts == 1) continue;
    auto& adds = adds_[static_cast<std::size_t>(domain)];
    adds.resize(column.codes.size(), 0);
    for (std::size_t k = 0; k < adds.size(); ++k) adds[k] += column.codes[k] * space_;
    space_ *= texts;
    if (domain != Domain::kHardware) row_space_ *= texts;
  }
}

std::uint64_t Grouping::most(Domain domain) const {
  const auto& adds = adds_[static_cast<std::size_t>(domain)];
  return adds.empty() ? 0 : *std::ranges::max_element(adds);
}

std::vector<std::uint32_t> Grouping::row_adds(Domain domain) const {
  std::vector<std::uint32_t> adds;
  for (const auto& digit : digits_) {
    if (digit.domain != domain || digit.column->texts.size() <= 1) continue;
    adds.resize(digit.column->codes.size(), 0);
    const auto stride = static_cast<std::uint32_t>(digit.row_stride);
    for (std::size_t k = 0; k < adds.size(); ++k) adds[k] += digit.column->codes[k] * stride;
  }
  return adds;
}

std::uint64_t Grouping::number_of_row(std::uint64_t row) const {
  std::uint64_t number = 0;
  for (const auto& digit : digits_) {
    if (digit.domain == Domain::kHardware) continue;
    number += row / digit.row_stride % std::max<std::uint64_t>(digit.column->texts.size(), 1) * digit.stride;
  }
  return number;
}

std::vector<std::string> Grouping::texts(std::uint64_t number) const {
  std::vector<std::string> texts;
  texts.reserve(digits_.size());
  for (const auto& digit : digits_) texts.push_back(digit.column->texts[number / digit.stride % digit.column->texts.size()]);
  return texts;
}

}  // namespace capmap
