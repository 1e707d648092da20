#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/bench/map_fleet.hpp"

namespace capmap::test {

/// What a table of nodes without cells does: look at each record for each question. The references of the bench.
class NaiveWalk {
 public:
  explicit NaiveWalk(std::size_t nodes) {
    records_.reserve(nodes);
    for (std::size_t i = 0; i < nodes; ++i) {
      const auto site = static_cast<std::uint32_t>(Fleet::site(i)), hardware = static_cast<std::uint32_t>(Fleet::hardware(i));
      records_.push_back({.run_id = i, .heard_ms = kStart, .site = site, .hardware = hardware});
    }
  }
  /// Medians in ms. A group of few by what a record's site and hardware say; two sums a group.
  [[nodiscard]] double region_ms() const {
    return median([this] { return groups([](const Record& r) { return r.site % 34; }, 1); });
  }
  [[nodiscard]] double model_ms() const {
    return median([this] { return groups([](const Record& r) { return r.hardware % 3 == 0 ? 1 + r.hardware / 3 % 7 : 0; }, 1); });
  }
  [[nodiscard]] double three_ms() const {
    return median([this] {
      return groups([](const Record& r) { return (r.site % 34 * 8 + (r.hardware % 3 == 0 ? 1 + r.hardware / 3 % 7 : 0)) * 6 + r.site % 6; },
                    1);
    });
  }
  /// All readings of a group.
  [[nodiscard]] double all_ms() const {
    return median([this] { return groups([](const Record& r) { return r.site % 34; }, kReadings); });
  }
  /// How many fulfil two comparisons.
  [[nodiscard]] double scan_ms() const {
    return median([this] {
      std::uint64_t found = 0;
      for (const auto& r : records_) found += r.site % 6 <= 3 && r.hardware > 1'000 ? 1U : 0U;
      return found;
    });
  }
  /// How many of each site fulfil two comparisons, sites ranked by that.
  [[nodiscard]] double sites_ms() const {
    return median([this] {
      std::vector<std::pair<std::uint32_t, std::uint32_t>> sites(kSites);
      for (const auto& r : records_) {
        if (r.site % 6 <= 3 && r.hardware > 1'000) ++sites[r.site].first;
      }
      std::ranges::sort(sites, std::ranges::greater());
      return sites.front().first;
    });
  }
  /// A copy of all records, which is what readers would be given.
  [[nodiscard]] double copy_ms() const {
    return median([this] { return std::vector<Record>(records_).back().run_id; });
  }
  static constexpr std::size_t record_bytes() { return sizeof(Record); }

 private:
  static constexpr std::size_t kReadings = 12;
  struct Record {
    std::uint64_t run_id = 0, heard_ms = 0;
    std::uint32_t site = 0, hardware = 0;
    std::uint32_t readings[kReadings] = {1'000, 2'000};
  };

  template <class GroupOf>
  std::uint64_t groups(GroupOf group_of, std::size_t readings) const {
    std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> sums;
    for (const auto& record : records_) {
      auto& sum = sums[group_of(record)];
      sum.resize(readings + 1);
      ++sum[readings];
      for (std::size_t i = 0; i < readings; ++i) sum[i] += record.readings[i];
    }
    return sums.size();
  }
  template <class Work>
  static double median(Work work) {
    std::vector<double> times;
    for (int round = 0; round < 5; ++round) {
      const auto begin = std::chrono::steady_clock::now();
      used_ = used_ + work();
      times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    }
    std::ranges::sort(times);
    return times[2];
  }

  std::vector<Record> records_;
  inline static volatile std::uint64_t used_ = 0;  ///< so that no work is left out
};

}  // namespace capmap::test
