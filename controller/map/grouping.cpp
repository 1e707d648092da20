#include "controller/map/grouping.hpp"

#include <algorithm>
#include <numeric>

#include "common/check.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMostNumbers = std::uint64_t{1} << 62;  ///< two of them add up without overflow

}  // namespace

Grouping::Grouping(const Dictionaries& dictionaries, const std::vector<Dimension>& by)
    : dimensions_(by.size()), digits_(digit_each(dictionaries, by)) {
  if (!fit(digits_)) {
    std::vector<std::size_t> order(by.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    digits_ = digits_together(dictionaries, by, order);
    if (!fit(digits_)) {
      std::ranges::stable_sort(order, {}, [&by](std::size_t i) { return domain_of(by[i]); });
      digits_ = digits_together(dictionaries, by, order);
    }
    check(fit(digits_), "more sites, pools, hardware and states than numbers");  // 2^24 sites with 2^16 pools
  }
  lay_out();
}

Grouping::Digit Grouping::digit_of(const Dictionaries& dictionaries, Dimension dimension, std::size_t key) {
  const auto& column = dictionaries.column(dimension);
  Digit digit;
  digit.domain = domain_of(dimension);
  digit.columns = {&column};
  digit.keys = {key};
  digit.values = column.codes;
  digit.radix = std::max<std::uint64_t>(column.texts.size(), 1);
  if (dimension == Dimension::kComputeClass && !dictionaries.pool_classes().empty()) {
    digit.pools = &dictionaries.pool_classes();
    digit.radix = 3 * digit.radix - 2;  // from any site with any pool, also one of another site
  }
  return digit;
}

std::vector<Grouping::Digit> Grouping::digit_each(const Dictionaries& dictionaries, const std::vector<Dimension>& by) {
  std::vector<Digit> digits;
  for (std::size_t i = 0; i < by.size(); ++i) digits.push_back(digit_of(dictionaries, by[i], i));
  return digits;
}

std::vector<Grouping::Digit> Grouping::digits_together(const Dictionaries& dictionaries, const std::vector<Dimension>& by,
                                                       const std::vector<std::size_t>& order) {
  std::vector<Digit> digits;
  for (const auto i : order) {
    auto next = digit_of(dictionaries, by[i], i);
    const bool joins = !digits.empty() && digits.back().domain == next.domain && next.pools == nullptr && digits.back().pools == nullptr;
    if (!joins) digits.push_back(std::move(next));
    if (!joins) continue;
    digits.back().columns.push_back(next.columns[0]);
    digits.back().keys.push_back(i);
  }
  std::array<std::vector<std::uint32_t>, kDomainCount> met;
  for (auto& digit : digits) {
    if (digit.pools == nullptr) number_together(digit, met[static_cast<std::size_t>(digit.domain)]);
  }
  return digits;
}

/// met: [index of the domain] number of what the digits before met together, in the order of texts; with this digit's texts afterwards.
/// A digit counts from the first that is met with the same texts before it.
void Grouping::number_together(Digit& digit, std::vector<std::uint32_t>& met) {
  const auto size = digit.columns[0]->codes.size();
  met.resize(size);
  const auto before = met;
  std::vector<std::uint64_t> both(size), sorted;
  for (const auto* const column : digit.columns) {
    for (std::size_t i = 0; i < size; ++i) both[i] = met[i] * std::uint64_t{column->texts.size()} + column->codes[i];
    sorted = both;
    std::ranges::sort(sorted);
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    for (std::size_t i = 0; i < size; ++i) {
      met[i] = static_cast<std::uint32_t>(std::ranges::lower_bound(sorted, both[i]) - sorted.begin());
    }
  }
  digit.index_of.resize(sorted.size());
  digit.first.resize(std::ranges::max(before) + std::size_t{1}, UINT32_MAX);
  for (std::uint32_t i = 0; i < size; ++i) {
    digit.index_of[met[i]] = i;
    digit.first[before[i]] = std::min(digit.first[before[i]], met[i]);
  }
  digit.own.resize(size);
  for (std::size_t i = 0; i < size; ++i) digit.own[i] = met[i] - digit.first[before[i]];
  digit.values = digit.own;
  digit.radix = std::ranges::max(digit.own) + std::uint64_t{1};
}

bool Grouping::fit(const std::vector<Digit>& digits) {
  std::uint64_t space = 1;
  for (const auto& digit : digits) {
    if (digit.radix > kMostNumbers / space) return false;
    space *= digit.radix;
  }
  return true;
}

void Grouping::lay_out() {
  for (std::size_t i = digits_.size(); i-- > 0;) {
    auto& digit = digits_[i];
    digit.stride = space_;
    digit.row_stride = row_space_;
    if (digit.radix == 1) continue;
    auto& adds = adds_[static_cast<std::size_t>(digit.domain)];
    adds.resize(digit.values.size(), 0);
    for (std::size_t k = 0; k < adds.size(); ++k) adds[k] += digit.values[k] * space_;
    if (digit.pools != nullptr) add_pools(digit);
    space_ *= digit.radix;
    if (digit.domain != Domain::kHardware) row_space_ *= digit.radix;
  }
}

void Grouping::add_pools(const Digit& digit) {
  auto& adds = adds_[static_cast<std::size_t>(Domain::kPool)];
  adds.resize(digit.pools->size(), 0);
  const auto none = digit.columns[0]->texts.size() - 1;
  for (std::size_t k = 0; k < adds.size(); ++k) {
    const auto& pool = (*digit.pools)[k];
    adds[k] += (pool.declared ? none + pool.code - pool.of_site : none) * space_;
  }
}

std::uint64_t Grouping::most(Domain domain) const {
  const auto& adds = adds_[static_cast<std::size_t>(domain)];
  return adds.empty() ? 0 : *std::ranges::max_element(adds);
}

std::vector<std::uint32_t> Grouping::row_adds(Domain domain) const {
  std::vector<std::uint32_t> adds;
  for (const auto& digit : digits_) {
    if (digit.domain != domain || digit.radix == 1) continue;
    adds.resize(digit.values.size(), 0);
    const auto stride = static_cast<std::uint32_t>(digit.row_stride);
    for (std::size_t k = 0; k < adds.size(); ++k) adds[k] += digit.values[k] * stride;
  }
  return adds;
}

std::uint64_t Grouping::number_of_row(std::uint64_t row) const {
  std::uint64_t number = 0;
  for (const auto& digit : digits_) {
    if (digit.domain != Domain::kHardware) number += row / digit.row_stride % digit.radix * digit.stride;
  }
  return number;
}

std::vector<std::string> Grouping::texts(std::uint64_t number) const {
  std::array<std::uint32_t, kDomainCount> met{};
  std::vector<std::string> texts(dimensions_);
  for (const auto& digit : digits_) {
    const auto value = static_cast<std::uint32_t>(number / digit.stride % digit.radix);
    if (digit.pools != nullptr) {
      const auto& known = digit.columns[0]->texts;
      const auto none = known.size() - 1;
      texts[digit.keys[0]] = known[std::clamp<std::size_t>(value, none, 2 * none) - none];
      continue;
    }
    if (digit.own.empty()) {
      texts[digit.keys[0]] = digit.columns[0]->texts[value];
      continue;
    }
    auto& so_far = met[static_cast<std::size_t>(digit.domain)];
    so_far = digit.first[so_far] + value;
    for (std::size_t k = 0; k < digit.columns.size(); ++k) {
      texts[digit.keys[k]] = digit.columns[k]->texts[digit.columns[k]->codes[digit.index_of[so_far]]];
    }
  }
  return texts;
}

}  // namespace capmap
