#include "controller/http/shared_json.hpp"

#include <nlohmann/json.hpp>

#include "controller/http/words.hpp"
#include "controller/map/dictionaries.hpp"

namespace capmap {
namespace {

constexpr U128 kBytesPerMb = 1'000'000;

Json not_told(const char* why) {
  return {{"file_systems", nullptr}, {"why", why}};
}

}  // namespace

void SharedSums::Sum::add(const SharedThing& thing) {
  ++things;
  if (!thing.size_mb) ++unknown_size;
  size_mb += thing.size_mb.value_or(0);
  used_mb += thing.used_mb.value_or(0);
  if (!thing.used_mb) ++unknown_use;
}

Json SharedSums::sum_json(const Sum& sum) {
  return {{"file_systems", sum.things},
          {"size_bytes", decimal(sum.size_mb * kBytesPerMb)},
          {"unknown_size", sum.unknown_size},
          {"used_bytes", decimal(sum.used_mb * kBytesPerMb)},
          {"unknown_use", sum.unknown_use}};
}

SharedSums::SharedSums(const MapView& view, const std::vector<Dimension>& by, bool filtered) : filtered_(filtered) {
  for (const auto dimension : by) by_sites_ = by_sites_ && domain_of(dimension) == Domain::kSite;
  if (filtered_ || !view.shared) return;
  const bool grouped = by_sites_ && !by.empty() && view.dictionaries;
  for (const auto& thing : *view.shared) {
    total_.add(*thing);
    if (!grouped) continue;
    std::vector<std::string> key;
    for (const auto dimension : by) {
      const auto& column = view.dictionaries->column(dimension);
      key.push_back(thing->site < column.codes.size() ? column.texts[column.codes[thing->site]] : std::string());
    }
    groups_[std::move(key)].add(*thing);
  }
}

Json SharedSums::total() const {
  if (filtered_) return not_told("a filter chooses nodes, and what is shared belongs to none");
  return sum_json(total_);
}

Json SharedSums::of_group(const std::vector<std::string>& key) const {
  if (filtered_) return total();
  if (!by_sites_) return not_told("what is shared belongs to a site, and these groups are not of sites alone");
  const auto found = groups_.find(key);
  return sum_json(found == groups_.end() ? Sum{} : found->second);
}

}  // namespace capmap
