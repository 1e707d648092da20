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

void SharedSums::Sum::add(const SharedSum& site) {
  things += site.things;
  unknown_size += site.unknown_size;
  unknown_use += site.unknown_use;
  size_mb += site.size_mb;
  used_mb += site.used_mb;
  full = full || site.full;
}

Json SharedSums::sum_json(const Sum& sum) {
  return {{"file_systems", sum.things},       {"size_bytes", decimal(sum.size_mb * kBytesPerMb)},
          {"unknown_size", sum.unknown_size}, {"used_bytes", decimal(sum.used_mb * kBytesPerMb)},
          {"unknown_use", sum.unknown_use},   {"complete", !sum.full}};
}

SharedSums::SharedSums(const MapView& view, const std::vector<Dimension>& by, const char* why_not) : why_not_(why_not) {
  for (const auto dimension : by) by_sites_ = by_sites_ && domain_of(dimension) == Domain::kSite;
  if (why_not_ != nullptr || !view.shared) return;
  const bool grouped = by_sites_ && !by.empty() && view.dictionaries;
  for (std::size_t site = 0; site < view.shared->sites.size(); ++site) {
    const auto& sum = view.shared->sites[site];
    if (sum.things == 0 && !sum.full) continue;
    total_.add(sum);
    if (!grouped) continue;
    std::vector<std::string> key;
    for (const auto dimension : by) {
      const auto& column = view.dictionaries->column(dimension);
      key.push_back(site < column.codes.size() ? column.texts[column.codes[site]] : std::string());
    }
    groups_[std::move(key)].add(sum);
  }
}

Json SharedSums::total() const {
  if (why_not_ != nullptr) return not_told(why_not_);
  return sum_json(total_);
}

Json SharedSums::of_group(const std::vector<std::string>& key) const {
  if (why_not_ != nullptr) return total();
  if (!by_sites_) return not_told("what is shared belongs to a site, and these groups are not of sites alone");
  const auto found = groups_.find(key);
  return sum_json(found == groups_.end() ? Sum{} : found->second);
}

}  // namespace capmap
