#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/result.hpp"
#include "controller/history/sample_parts.hpp"
#include "controller/history/usage_sample.hpp"
#include "controller/history/usage_series.hpp"
#include "controller/store/sqlite.hpp"

namespace capmap {

/// What is kept how finely and for how long. Each fine grain has a coarse one, which is kept for ever.
enum class Grain : std::uint8_t { kRegionMinute, kRegionHour, kSiteQuarter, kSiteHour };
inline constexpr std::size_t kGrainCount = 4;
inline constexpr std::uint64_t kMinuteMs = 60'000, kHourMs = 60 * kMinuteMs, kDayMs = 24 * kHourMs;
struct GrainRule {
  Grain grain;
  const char* name;        ///< as tables name it
  std::uint64_t step_ms;   ///< one sample in each
  std::uint64_t block_ms;  ///< samples of this time become blocks, once it is over
  std::uint64_t kept_ms;   ///< 0 = for ever
  Grain hourly;            ///< what becomes of it; itself: nothing
};
const GrainRule& rule_of(Grain grain);
/// Where something of a grain lies, for errors.
std::string sample_place(const GrainRule& rule, std::uint64_t at_unix_ms);

struct SampleCounts {
  std::uint64_t appended = 0;   ///< since start
  std::uint64_t put_aside = 0;  ///< came at a time that has its sample already, or before it
  std::uint64_t blocks = 0;     ///< written since start
};

/// Tables: samples_tail (grain, at_unix_ms, first_key, body), one row a sample and part of the keys; samples (grain, from_unix_ms,
/// until_unix_ms, first_key, body), one a block. A body is a SampleBlock.
///
/// Samples of use in a database that others may share: one row a sample and part until its hour (of minutes), day (of quarters) or week (of
/// hours of regions) is over, then blocks, each with the keys of its part of the alphabet. Every change is one transaction: who is killed
/// loses the sample being written and nothing else. One thread.
class SampleStore {
 public:
  /// Makes its tables where they are not there. The database must live as long. Errors: those of SQLite.
  static Result<SampleStore> open(Database& database);

  /// One sample of a fine grain. False: it is put aside, because the clock stepped back: what is kept is never rewritten.
  Result<bool> append(Grain grain, const UsageSample& sample);
  /// Turns one stretch of samples that is over into blocks and into samples of its hours, or deletes what has been kept long enough. True:
  /// something was done, ask again. Goes by the times of samples alone.
  Result<bool> tidy();
  /// Errors: kMalformed (a question without meaning, more series than an answer holds, a damaged block with its place), those of SQLite.
  Result<UsageSeries> read(const UsageQuestion& question);
  /// The first moment that a further sample may have.
  [[nodiscard]] std::uint64_t kept_until(Grain grain) const { return ends_[static_cast<std::size_t>(grain)]; }
  [[nodiscard]] const SampleCounts& counts() const { return counts_; }

 private:
  explicit SampleStore(Database& database) : database_(&database) {}
  [[nodiscard]] std::uint64_t& end_of(Grain grain) { return ends_[static_cast<std::size_t>(grain)]; }

  /// A number that a statement yields for a grain; absent where it is null.
  Result<std::optional<std::uint64_t>> number_of(const char* sql, const GrainRule& rule);
  Result<Done> find_end(const GrainRule& rule);
  Result<Done> add_rows(const GrainRule& rule, std::uint64_t at_unix_ms, const std::vector<SamplePart>& parts);
  Result<bool> compact(const GrainRule& rule);
  Result<bool> thin(const GrainRule& rule);
  Result<Done> write_blocks(const GrainRule& rule, std::uint64_t from_unix_ms, const std::vector<std::uint64_t>& times);
  Result<Done> add_parts(const GrainRule& rule, std::uint64_t from_unix_ms, const std::vector<SamplePart>& parts);
  Result<std::vector<std::uint64_t>> times_of(const char* sql, const GrainRule& rule, std::uint64_t from_unix_ms,
                                              std::uint64_t until_unix_ms);
  Result<std::size_t> count_groups(const GrainRule& rule, const UsageQuestion& question);
  Result<std::uint64_t> first_of(const GrainRule& rule);
  Result<Done> read_all(const GrainRule& rule, const UsageQuestion& question, bool blocks, UsageFold& fold);
  /// In one transaction.
  Result<Done> at_once(const std::function<Result<Done>()>& body);

  Database* database_;
  std::array<std::uint64_t, kGrainCount> ends_{};  ///< the first moment that a further sample may have
  std::array<bool, kGrainCount> stepped_back_{};
  SampleCounts counts_;
};

}  // namespace capmap
