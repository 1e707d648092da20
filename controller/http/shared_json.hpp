#pragma once
#include <map>
#include <string>
#include <vector>

#include "controller/http/json.hpp"
#include "controller/map/map_view.hpp"
#include "controller/map/rollup.hpp"

namespace capmap {

/// What is shared (see SharedThing) as sums beside a map's groups. Thread: http.
class SharedSums {
 public:
  struct Sum {
    std::uint64_t things = 0, unknown_size = 0, unknown_use = 0;
    U128 size_mb = 0, used_mb = 0;
    bool full = false;
    void add(const SharedSum& site);
  };
  /// Cost: a look at each site that has any. `why_not`: why nothing is to be summed, which is told instead; null: it is.
  SharedSums(const MapView& view, const std::vector<Dimension>& by, const char* why_not);
  [[nodiscard]] const Sum& sum() const { return total_; }  ///< zeros where nothing is to be summed
  [[nodiscard]] Json total() const;
  /// Of a group by its key; null with the reason where groups are made of what sites do not tell.
  [[nodiscard]] Json of_group(const std::vector<std::string>& key) const;

 private:
  static Json sum_json(const Sum& sum);

  const char* why_not_;
  bool by_sites_ = true;
  Sum total_;
  std::map<std::vector<std::string>, Sum> groups_;
};

}  // namespace capmap
