#include "controller/sql/ordered_places.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "controller/sql/sql_limits.hpp"

namespace capmap {
namespace {

constexpr std::size_t kMostRanks = 1'048'576;
constexpr std::size_t kPlaceBytes = 24;

/// Keeps a text, or that there is none.
class SortedText final : public SqlValue {
 public:
  void null() override { text_.clear(); }
  void whole(std::int64_t) override { text_.clear(); }
  void real(double) override { text_.clear(); }
  void text(std::string_view value) override { text_ = value; }
  void lasting(std::string_view value) override { text_ = value; }
  [[nodiscard]] const std::string& kept() const { return text_; }

 private:
  std::string text_;  ///< no column of these has an empty text
};

constexpr std::size_t kVerdicts = kVerdictNames.size(), kServices = kServiceStateNames.size();

std::size_t size_of(const SqlScene& scene, PlaceDomain domain) {
  switch (domain) {
    case PlaceDomain::kSite: return scene.view().sites.size();
    case PlaceDomain::kPool: return scene.view().pools.size();
    case PlaceDomain::kHardware: return scene.view().hardware.size();
    case PlaceDomain::kState: return kLivenessNames.size() * kServices * kVerdicts;
    case PlaceDomain::kNone: break;
  }
  return 0;
}

std::size_t index_of(PlaceDomain domain, const CellKey& key) {
  switch (domain) {
    case PlaceDomain::kSite: return key.site;
    case PlaceDomain::kPool: return key.pool;
    case PlaceDomain::kHardware: return key.hardware;
    case PlaceDomain::kState:
      return (static_cast<std::size_t>(key.liveness) * kServices + static_cast<std::size_t>(key.service)) * kVerdicts +
             static_cast<std::size_t>(key.verdict);
    case PlaceDomain::kNone: break;
  }
  return 0;
}

/// A node of which no more is told than what stands at that index.
NodeBrief brief_at(PlaceDomain domain, std::size_t index) {
  NodeBrief brief;
  brief.counted = true;
  brief.hardware = kNoHardware;
  const auto number = static_cast<std::uint32_t>(index);
  switch (domain) {
    case PlaceDomain::kSite: brief.site = number; break;
    case PlaceDomain::kPool: brief.pool = number; break;
    case PlaceDomain::kHardware: brief.hardware = number; break;
    case PlaceDomain::kState:
      brief.liveness = static_cast<Liveness>(index / kVerdicts / kServices);
      brief.counted_service = static_cast<ServiceState>(index / kVerdicts % kServices);
      brief.verdict = static_cast<Verdict>(index % kVerdicts);
      break;
    case PlaceDomain::kNone: break;
  }
  return brief;
}

}  // namespace

bool OrderedPlaces::fits(const SqlScene& scene, std::span<const PlaceDomain> domains) {
  static_assert(sizeof(Place) <= kPlaceBytes);
  std::size_t ranks = 1;
  for (const auto domain : domains) {
    if (domain == PlaceDomain::kNone) return false;
    ranks *= size_of(scene, domain) + 1;
    if (ranks > kMostRanks) return false;
  }
  // Twice: they are sorted into another list. Some nodes may come while they are read.
  return (std::size_t{scene.view().known_nodes} + 65'536) * 2 * kPlaceBytes <= kMostOrderedBytes;
}

OrderedPlaces::OrderedPlaces(const SqlScene& scene, NodeWalk walk, std::span<const PlaceOrder> order)
    : scene_(scene), walk_(std::move(walk)) {
  for (const auto& column : order) ranks_.push_back(ranks_of(column));
}

OrderedPlaces::Ranks OrderedPlaces::ranks_of(const PlaceOrder& column) const {
  std::vector<std::string> texts(size_of(scene_, column.domain));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto brief = brief_at(column.domain, i);
    SortedText text;
    column.put({.brief = &brief}, text);
    texts[i] = text.kept();
  }
  std::vector<std::string_view> sorted(texts.begin(), texts.end());
  sorted.emplace_back();  // null stands first
  std::ranges::sort(sorted);
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  Ranks ranks{.domain = column.domain, .rank = {}, .count = static_cast<std::uint32_t>(sorted.size())};
  ranks.rank.reserve(texts.size());
  for (const std::string_view text : texts) {
    ranks.rank.push_back(static_cast<std::uint32_t>(std::ranges::lower_bound(sorted, text) - sorted.begin()));
  }
  return ranks;
}

void OrderedPlaces::read() {
  is_read_ = true;
  places_.reserve(scene_.view().known_nodes);
  while (walk_.next()) {
    Place place{.key = place_of(walk_.at()), .counted = walk_.at().brief->counted};
    for (const auto& one : ranks_) {
      const auto index = index_of(one.domain, place.key);
      place.rank = place.rank * one.count + (index < one.rank.size() ? one.rank[index] : 0);  // newer than the view: null
    }
    places_.push_back(place);
  }
  std::size_t ranks = 1;
  for (const auto& one : ranks_) ranks *= one.count;
  sort(ranks);
}

void OrderedPlaces::sort(std::size_t ranks) {
  std::vector<std::uint32_t> begin(ranks + 1);
  for (const auto& place : places_) ++begin[place.rank + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<Place> sorted(places_.size());
  for (const auto& place : places_) sorted[begin[place.rank]++] = place;
  places_ = std::move(sorted);
}

bool OrderedPlaces::next() {
  if (!is_read_) read();
  if (failed() || next_ >= places_.size()) return false;
  const auto& [key, counted, rank] = places_[next_++];
  brief_.site = key.site;
  brief_.pool = key.pool;
  brief_.hardware = key.hardware;
  brief_.liveness = key.liveness;
  brief_.counted_service = key.service;
  brief_.verdict = key.verdict;
  brief_.counted = counted;
  return true;
}

}  // namespace capmap
