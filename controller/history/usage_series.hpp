#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/result.hpp"
#include "controller/history/sample_block.hpp"
#include "controller/history/usage_sample.hpp"

namespace capmap {

/// What is asked of samples: of one site, or of regions, classes and models.
struct UsageQuestion {
  std::uint64_t from_unix_ms = 0, until_unix_ms = 0;
  std::optional<std::uint64_t> step_ms{};                      ///< one of kSteps; absent: the finest that an answer has room for
  std::string site{};                                          ///< s-… id; empty: by region
  std::string region_2{};                                      ///< empty: all
  bool by_region = false, by_class = false, by_model = false;  ///< groups; none: one of all together
  std::vector<SampleColumn> figures{};                         ///< at least one, below kSampleFigureCount
};

/// Steps of an answer, each a multiple of those before it, all counted from 1970 on.
inline constexpr std::array<std::pair<const char*, std::uint64_t>, 8> kSteps = {{{"1m", 60'000},
                                                                                 {"5m", 300'000},
                                                                                 {"15m", 900'000},
                                                                                 {"1h", 3'600'000},
                                                                                 {"6h", 21'600'000},
                                                                                 {"1d", 86'400'000},
                                                                                 {"7d", 604'800'000},
                                                                                 {"28d", 2'419'200'000}}};
/// "5m" of such a step.
const char* step_word(std::uint64_t step_ms);

inline constexpr std::size_t kMaxSteps = 2'016;          ///< a week by 5 minutes
inline constexpr std::size_t kMaxSeries = 2'000;         ///< groups × figures
inline constexpr std::size_t kMaxSeriesValues = 32'256;  ///< groups × figures × steps; more become coarser steps

/// Why steps are coarser where there are so many.
std::string too_many_values();

/// One figure of one group. Absent: not known at any moment of the step, or there is no sample of it.
struct UsageFigure {
  std::vector<std::optional<std::uint64_t>> mean, min, max;  ///< [step]
  std::vector<std::uint64_t> unknown_nodes;  ///< [step] most at a moment that the sum did not know; empty: of no sum of nodes
};
struct UsageGroup {
  RegionKey key;                     ///< the parts that are asked for
  std::vector<UsageFigure> figures;  ///< [question's figures]
};
struct UsageSeries {
  std::uint64_t from_unix_ms = 0;  ///< where the first step begins
  std::uint64_t step_ms = 0;
  std::uint64_t sample_ms = 0;           ///< between samples that were read
  std::string why_coarser{};             ///< than what was asked for, or than samples are made; empty: it is not
  bool bounds = false;                   ///< min and max bound a sum of groups whose hours alone are kept, instead of being met
  std::vector<std::uint64_t> samples{};  ///< [step] that were read; 0: nothing was sampled
  std::vector<UsageGroup> groups{};      ///< by key
};

/// Adds samples up to groups and steps. Pure.
class UsageFold {
 public:
  /// From the beginning of the first step on, until a moment.
  UsageFold(const UsageQuestion& question, std::uint64_t from_unix_ms, std::uint64_t until_unix_ms, std::uint64_t step_ms);

  /// Samples of the same moments follow; each stands for `weight` minutes.
  void begin(std::span<const std::uint64_t> times, std::uint64_t weight);
  /// All that one key says at these moments. `places`: [column of the block] (see places_of). Errors: kMalformed (too many series).
  Result<Done> add(std::string_view key, const BlockValues& values, const std::vector<std::optional<std::size_t>>& places, bool hourly);
  void end();
  UsageSeries finish();

 private:
  struct Moment {
    std::uint64_t mean = 0, min = 0, max = 0, unknown_nodes = 0;
    bool known = false;
  };
  struct Step {
    unsigned __int128 sum = 0;
    std::uint64_t known = 0, unknown = 0;  ///< weights of moments that know the figure, and that do not though the group was there
    std::uint64_t min = UINT64_MAX, max = 0, unknown_nodes = 0;
    void add(const Step& other);
  };
  struct Group {
    RegionKey key;
    std::vector<Moment> moments;      ///< [figure * moments + moment], of the samples that are being added
    std::vector<std::uint32_t> keys;  ///< [moment] that were there
    std::vector<Step> steps;          ///< [figure * steps + step]
  };
  [[nodiscard]] std::size_t step_count() const { return weights_.size(); }
  [[nodiscard]] std::size_t step_at(std::uint64_t time) const { return static_cast<std::size_t>((time - from_) / step_ms_); }
  Result<Group*> group_of(std::string_view key);
  void take_moment(Group& group, std::size_t time);
  void make_coarser();
  [[nodiscard]] static bool was_there(const Group& group);
  [[nodiscard]] UsageFigure figure_of(const Group& group, std::size_t figure) const;

  UsageQuestion question_;
  std::uint64_t from_, until_, step_ms_;
  std::vector<std::uint64_t> times_;
  std::uint64_t weight_ = 1;
  std::map<std::string, Group> groups_;
  std::vector<std::uint64_t> weights_, samples_;  ///< [step]
  bool coarser_ = false, bounds_ = false;
};

}  // namespace capmap
