#include "controller/map/grouping.hpp"

#include <algorithm>
#include <utility>

namespace capmap {
namespace {

constexpr std::uint64_t kDensePlaces = 1U << 18;
constexpr std::size_t kFirstTable = 1U << 12;

std::size_t hash_of(std::uint64_t number) {
  const auto mixed = number * 0x9E37'79B9'7F4A'7C15U;
  return static_cast<std::size_t>(mixed ^ mixed >> 32);
}

}  // namespace

Grouping::Grouping(const Dictionaries& dictionaries, const std::vector<Dimension>& by) {
  std::uint64_t stride = 1;
  for (auto dimension = by.rbegin(); dimension != by.rend(); ++dimension) {
    const auto& column = dictionaries.column(*dimension);
    auto& adds = adds_[static_cast<std::size_t>(domain_of(*dimension))];
    adds.resize(column.codes.size(), 0);
    for (std::size_t i = 0; i < adds.size(); ++i) adds[i] += column.codes[i] * stride;
    stride *= std::max<std::uint64_t>(column.texts.size(), 1);  // 21 dimensions of a few texts and a few of thousands: below 2^64
    columns_.insert(columns_.begin(), &column);
  }
  dense_ = stride <= kDensePlaces;
  if (dense_) {
    seen_.resize(stride + 1);
    for (std::size_t domain = 0; domain < kDomainCount; ++domain) dense_adds_[domain].assign(adds_[domain].begin(), adds_[domain].end());
  } else {
    numbers_.push_back(0);
    table_.resize(kFirstTable);
  }
}

/// One pass for the domains that are bits of kDomains: what is not grouped by costs nothing.
template <unsigned kDomains>
void Grouping::add_dense(const CellKeys& keys, std::array<std::uint32_t, kBlockCells>& out) const {
  const auto adds = [this](Domain domain) { return dense_adds_[static_cast<std::size_t>(domain)].data(); };
  const auto *const site = adds(Domain::kSite), *const pool = adds(Domain::kPool), *const hardware = adds(Domain::kHardware),
                    *const state = adds(Domain::kState);
  constexpr auto has = [](Domain domain) { return (kDomains >> static_cast<unsigned>(domain) & 1U) != 0; };
  for (std::size_t i = 0; i < kBlockCells; ++i) {
    std::uint32_t place = 1;
    if constexpr (has(Domain::kSite)) place += site[keys.site[i]];
    if constexpr (has(Domain::kPool)) place += pool[keys.pool[i]];
    if constexpr (has(Domain::kHardware)) place += hardware[keys.hardware[i]];
    if constexpr (has(Domain::kState)) place += state[keys.state[i]];
    out[i] = keys.state[i] == kFreeSlot ? 0 : place;
  }
}

void Grouping::places(const CellKeys& keys, const std::array<std::uint8_t, kBlockCells>* keep,
                      std::array<std::uint32_t, kBlockCells>& out) {
  if (dense_) {
    unsigned domains = 0;
    for (unsigned domain = 0; domain < kDomainCount; ++domain) domains |= adds_[domain].empty() ? 0U : 1U << domain;
    constexpr auto all = []<std::size_t... kSets>(std::index_sequence<kSets...>) {
      return std::array{&Grouping::add_dense<static_cast<unsigned>(kSets)>...};
    }
    (std::make_index_sequence<std::size_t{1} << kDomainCount>());
    (this->*all[domains])(keys, out);
    if (keep != nullptr) {
      for (std::size_t i = 0; i < kBlockCells; ++i) out[i] &= 0U - (*keep)[i];
    }
    for (const auto place : out) seen_[place] = 1;
    return;
  }
  std::array<std::uint64_t, kBlockCells> number{};
  const auto add = [&](Domain domain, const auto& index) {
    const auto& adds = adds_[static_cast<std::size_t>(domain)];
    if (adds.empty()) return;
    for (std::size_t i = 0; i < kBlockCells; ++i) number[i] += adds[index[i]];
  };
  add(Domain::kSite, keys.site);
  add(Domain::kPool, keys.pool);
  add(Domain::kHardware, keys.hardware);
  add(Domain::kState, keys.state);
  for (std::size_t i = 0; i < kBlockCells; ++i) {
    out[i] = (keep == nullptr || (*keep)[i] != 0) && keys.state[i] != kFreeSlot ? place_of(number[i]) : 0;
  }
}

std::uint32_t Grouping::place_of(std::uint64_t number) {
  const auto mask = table_.size() - 1;
  auto at = hash_of(number) & mask;
  for (; table_[at] != 0; at = (at + 1) & mask) {
    if (numbers_[table_[at]] == number) return table_[at];
  }
  const auto place = static_cast<std::uint32_t>(numbers_.size());
  table_[at] = place;
  numbers_.push_back(number);
  if (numbers_.size() * 2 > table_.size()) grow();
  return place;
}

void Grouping::grow() {
  table_.assign(table_.size() * 4, 0);
  const auto mask = table_.size() - 1;
  for (std::uint32_t place = 1; place < numbers_.size(); ++place) {
    auto at = hash_of(numbers_[place]) & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = place;
  }
}

std::vector<std::uint32_t> Grouping::ordered() const {
  std::vector<std::uint32_t> places;
  for (std::uint32_t place = 1; place < size(); ++place) {
    if (!dense_ || seen_[place] != 0) places.push_back(place);
  }
  if (!dense_) std::ranges::sort(places, {}, [this](std::uint32_t place) { return numbers_[place]; });
  return places;
}

std::vector<std::string> Grouping::texts(std::uint32_t place) const {
  std::uint64_t number = dense_ ? place - 1 : numbers_[place];
  std::vector<std::string> texts(columns_.size());
  for (std::size_t i = columns_.size(); i-- > 0;) {
    const auto& known = columns_[i]->texts;
    texts[i] = known[number % known.size()];
    number /= known.size();
  }
  return texts;
}

}  // namespace capmap
