// Which samples answer a question, and how finely.
#include <algorithm>
#include <utility>

#include "controller/history/sample_store.hpp"

namespace capmap {
namespace {

constexpr const char* kTimesOfRows =
    "select distinct at_unix_ms from samples_tail where grain = ? and at_unix_ms >= ? and at_unix_ms < ? order by at_unix_ms";
constexpr const char* kTimesOfBlocks =
    "select distinct from_unix_ms from samples where grain = ? and from_unix_ms >= ? and from_unix_ms < ? order by from_unix_ms";
// From the part that a key would lie in on; the first part always, for its moments.
constexpr const char* kPartsOfRow = R"(
select body from samples_tail where grain = ?1 and at_unix_ms = ?2
  and first_key >= coalesce((select max(first_key) from samples_tail where grain = ?1 and at_unix_ms = ?2 and first_key <= ?3), x'')
  and (first_key < ?4 or first_key = (select min(first_key) from samples_tail where grain = ?1 and at_unix_ms = ?2))
order by first_key)";
constexpr const char* kPartsOfBlock = R"(
select body from samples where grain = ?1 and from_unix_ms = ?2
  and first_key >= coalesce((select max(first_key) from samples where grain = ?1 and from_unix_ms = ?2 and first_key <= ?3), x'')
  and (first_key < ?4 or first_key = (select min(first_key) from samples where grain = ?1 and from_unix_ms = ?2))
order by first_key)";

/// Keys from `first` on and below `end`.
struct KeyRange {
  std::string first, end;
};
KeyRange keys_of(const UsageQuestion& question) {
  if (!question.site.empty()) return {.first = question.site, .end = question.site + '\0'};
  if (question.region_2.empty()) return {.first = {}, .end = "\xff"};
  KeyRange range{.first = region_prefix(question.region_2), .end = region_prefix(question.region_2)};
  ++range.end.back();
  return range;
}

/// [column of the block] what a fold of these figures looks at.
std::vector<bool> wanted_of(const SampleBlock& block, const std::vector<std::optional<std::size_t>>& places,
                            const std::vector<SampleColumn>& figures) {
  std::vector<bool> ours(kHourColumnCount);
  ours[kSampleNodesInstalled] = true;
  for (const auto figure : figures) {
    ours[figure] = ours[kHourLeast + figure] = ours[kHourGreatest + figure] = true;
    const auto* const sum = std::ranges::find(kSampleSums, figure);
    if (sum != kSampleSums.end()) ours[kSampleUnknown + static_cast<std::size_t>(sum - kSampleSums.begin())] = true;
  }
  std::vector<bool> wanted;
  wanted.reserve(places.size());
  for (const auto& place : places) wanted.push_back(place && ours[*place]);
  return block.with_partners(std::move(wanted));
}

/// All parts of one stretch of samples into the fold.
Result<Done> read_stretch(Statement& parts, const UsageQuestion& question, const GrainRule& rule, std::uint64_t at_unix_ms,
                          UsageFold& fold) {
  const auto range = keys_of(question);
  const auto damaged = [&](const std::string& what) { return Error{ErrorCode::kMalformed, sample_place(rule, at_unix_ms) + ": " + what}; };
  const bool hourly = rule.hourly == rule.grain;
  std::vector<std::uint64_t> times;
  BlockValues values;
  for (;;) {
    const auto row = parts.step();
    if (!row) return row.error();
    if (!*row) break;
    const auto block = SampleBlock::read(parts.blob(0));
    if (!block) return damaged(block.error().what);
    if (times.empty()) {
      times = block->times();
      fold.begin(times, rule.step_ms / kMinuteMs);
    }
    if (block->times() != times) return damaged("its blocks are of different moments");
    const auto places = places_of(block->columns(), hourly);
    const auto wanted = wanted_of(*block, places, question.figures);
    const auto& keys = block->keys();
    for (auto at = std::ranges::lower_bound(keys, range.first); at != keys.end() && *at < range.end; ++at) {
      if (auto read = block->values(static_cast<std::size_t>(at - keys.begin()), values, wanted); !read) return damaged(read.error().what);
      if (auto added = fold.add(*at, values, places, hourly); !added) return added;
    }
  }
  if (!times.empty()) fold.end();
  return Done{};
}

std::uint64_t step_above(std::uint64_t step_ms) {
  const auto* const next = std::ranges::find_if(kSteps, [step_ms](const auto& step) { return step.second > step_ms; });
  return next == kSteps.end() ? step_ms : next->second;
}

}  // namespace

/// How many groups the newest sample has: so many series, the coarser steps will have to be.
Result<std::size_t> SampleStore::count_groups(const GrainRule& rule, const UsageQuestion& question) {
  if (!question.by_region && !question.by_class && !question.by_model) return std::size_t{1};
  UsageQuestion newest = question;
  newest.until_unix_ms = end_of(rule.grain);
  newest.from_unix_ms = newest.until_unix_ms - rule.step_ms;
  UsageFold fold(newest, newest.from_unix_ms, newest.until_unix_ms, rule.step_ms);
  if (auto read = read_all(rule, newest, false, fold); !read) return read.error();
  return std::max<std::size_t>(fold.finish().groups.size(), 1);
}

/// The moment of the first sample; UINT64_MAX: there are none.
Result<std::uint64_t> SampleStore::first_of(const GrainRule& rule) {
  const auto row = number_of("select min(at_unix_ms) from samples_tail where grain = ?", rule);
  if (!row) return row.error();
  auto find = database_->prepare("select body, from_unix_ms from samples where grain = ? order by from_unix_ms, first_key limit 1");
  if (!find) return find.error();
  const auto found = find->bind(1, std::string_view(rule.name)).step();
  if (!found) return found.error();
  if (!*found) return row->value_or(UINT64_MAX);
  const auto block = SampleBlock::read(find->blob(0));
  // A damaged one is told to whoever asks for its time.
  const auto first = block ? block->times().front() : static_cast<std::uint64_t>(std::max<std::int64_t>(find->number(1), 0));
  return std::min(row->value_or(UINT64_MAX), first);
}

Result<Done> SampleStore::read_all(const GrainRule& rule, const UsageQuestion& question, bool blocks, UsageFold& fold) {
  const auto from = blocks ? question.from_unix_ms / rule.block_ms * rule.block_ms : question.from_unix_ms;
  const auto times = times_of(blocks ? kTimesOfBlocks : kTimesOfRows, rule, from, question.until_unix_ms);
  if (!times) return times.error();
  auto parts = database_->prepare(blocks ? kPartsOfBlock : kPartsOfRow);
  if (!parts) return parts.error();
  const auto range = keys_of(question);
  for (const auto at : *times) {
    parts->bind(1, std::string_view(rule.name)).bind(2, static_cast<std::int64_t>(at));
    parts->bind_blob(3, key_bytes(range.first)).bind_blob(4, key_bytes(range.end));
    auto read = read_stretch(*parts, question, rule, at, fold);
    parts->reset();
    if (!read) return read;
  }
  return Done{};
}

Result<UsageSeries> SampleStore::read(const UsageQuestion& asked) {
  if (asked.from_unix_ms >= asked.until_unix_ms) return Error{ErrorCode::kMalformed, "from: must be before to"};
  const auto& fine = rule_of(asked.site.empty() ? Grain::kRegionMinute : Grain::kSiteQuarter);
  const auto& hours = rule_of(fine.hourly);
  const auto first_fine = first_of(fine), first_hour = first_of(hours);
  if (!first_fine || !first_hour) return first_fine ? first_hour.error() : first_fine.error();
  UsageQuestion question = asked;
  question.until_unix_ms = std::min(asked.until_unix_ms, end_of(fine.grain));
  const auto fine_from = *first_fine / kHourMs * kHourMs;
  question.from_unix_ms = std::max(asked.from_unix_ms, *first_hour < fine_from ? *first_hour : *first_fine);
  auto step_ms = std::max(asked.step_ms.value_or(fine.step_ms), fine.step_ms);
  std::string why;
  if (asked.step_ms.value_or(step_ms) < step_ms) why = std::string("samples of sites are made each ") + step_word(step_ms);
  if (question.from_unix_ms >= question.until_unix_ms) {
    return UsageSeries{.from_unix_ms = asked.from_unix_ms, .step_ms = step_ms, .sample_ms = fine.step_ms, .why_coarser = std::move(why)};
  }
  if (step_ms < kHourMs && *first_hour < fine_from && question.from_unix_ms < fine_from) {
    step_ms = kHourMs;
    why = std::string("samples of ") + step_word(fine.step_ms) + " are kept for " + std::to_string(fine.kept_ms / kDayMs) +
          " days: of what is older there are hours";
  }
  const auto steps = [&question](std::uint64_t of_ms) { return (question.until_unix_ms - 1) / of_ms - question.from_unix_ms / of_ms + 1; };
  while (steps(step_ms) > kMaxSteps && step_above(step_ms) != step_ms) {
    step_ms = step_above(step_ms);
    why = "an answer has at most " + std::to_string(kMaxSteps) + " steps";
  }
  const auto groups = count_groups(fine, question);
  if (!groups) return groups.error();
  while (*groups * question.figures.size() * steps(step_ms) > kMaxSeriesValues && step_above(step_ms) != step_ms) {
    step_ms = step_above(step_ms);
    why = too_many_values();
  }
  const auto& rule = step_ms < kHourMs ? fine : hours;
  question.from_unix_ms = question.from_unix_ms / step_ms * step_ms;
  UsageFold fold(question, question.from_unix_ms, question.until_unix_ms, step_ms);
  auto read = read_all(rule, question, true, fold);
  if (read) read = read_all(rule, question, false, fold);
  if (read && step_ms >= kHourMs) read = read_all(fine, question, false, fold);  // those that are no hours yet
  if (!read) return read.error();
  auto series = fold.finish();
  series.sample_ms = rule.step_ms;
  if (series.why_coarser.empty()) series.why_coarser = std::move(why);
  return series;
}

}  // namespace capmap
