// What is over becomes blocks: all samples of a stretch of time, key by key.
#include <algorithm>
#include <memory>
#include <utility>

#include "controller/history/sample_store.hpp"

namespace capmap {
namespace {

constexpr const char* kTimesOfRows =
    "select distinct at_unix_ms from samples_tail where grain = ? and at_unix_ms >= ? and at_unix_ms < ? order by at_unix_ms";

/// The keys of one sample, one after another; of its parts one is unpacked at a time.
class SampleKeys {
 public:
  static Result<std::unique_ptr<SampleKeys>> open(Database& database, const GrainRule& rule, std::uint64_t at_unix_ms) {
    auto rows = database.prepare("select body from samples_tail where grain = ? and at_unix_ms = ? order by first_key");
    if (!rows) return rows.error();
    rows->bind(1, std::string_view(rule.name)).bind(2, static_cast<std::int64_t>(at_unix_ms));
    std::unique_ptr<SampleKeys> keys(new SampleKeys(std::move(*rows), rule, at_unix_ms));
    if (auto begun = keys->next(); !begun) return begun.error();
    return keys;
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const std::string& key() const { return block_->keys()[at_]; }
  /// Of the key, by our columns.
  Result<Done> read(BlockValues& into, std::size_t times, std::size_t time) {
    if (auto done = block_->values(at_, values_); !done) return damaged(done.error());
    for (std::size_t i = 0; i < places_.size(); ++i) {
      if (places_[i]) into[*places_[i] * times + time] = values_[i];
    }
    return Done{};
  }
  Result<Done> next() {
    ++at_;
    while (!ended_ && (!block_ || at_ >= block_->keys().size())) {
      const auto row = rows_.step();
      if (!row) return row.error();
      ended_ = !*row;
      if (ended_) break;
      auto block = SampleBlock::read(rows_.blob(0));
      if (!block) return damaged(block.error());
      if (block->times().size() != 1) return damaged({ErrorCode::kMalformed, "is of more than one moment"});
      block_ = std::move(*block);
      places_ = places_of(block_->columns(), hourly_);
      at_ = 0;
    }
    return Done{};
  }

 private:
  SampleKeys(Statement rows, const GrainRule& rule, std::uint64_t at_unix_ms)
      : rows_(std::move(rows)), where_(sample_place(rule, at_unix_ms)), hourly_(rule.hourly == rule.grain) {}
  [[nodiscard]] Error damaged(const Error& error) const { return {error.code, where_ + ": " + error.what}; }

  Statement rows_;
  std::string where_;
  bool hourly_, ended_ = false;
  std::optional<SampleBlock> block_;
  std::vector<std::optional<std::size_t>> places_;
  BlockValues values_;
  std::size_t at_ = 0;
};

/// The hours of a stretch of samples, key by key.
class Hours {
 public:
  explicit Hours(const std::vector<std::uint64_t>& times)
      : first_(first_of(times)), times_(hours_of(times, first_)), parts_(times_, true) {}
  /// All that one key says.
  void add(const std::string& key, const BlockValues& values) {
    const auto samples = first_.back(), hours = times_.size();
    hour_values_.assign(kHourColumnCount * hours, std::nullopt);
    for (std::size_t hour = 0; hour < hours; ++hour) {
      const auto folded = fold_hour(values, samples, first_[hour], first_[hour + 1]);
      for (std::size_t column = 0; folded && column < kHourColumnCount; ++column) hour_values_[column * hours + hour] = (*folded)[column];
    }
    parts_.add(key, hour_values_);
  }
  [[nodiscard]] const std::vector<std::uint64_t>& times() const { return times_; }
  std::vector<SamplePart> finish() { return parts_.finish(); }

 private:
  /// [hour] its first sample; at the end how many samples there are.
  static std::vector<std::size_t> first_of(const std::vector<std::uint64_t>& times) {
    std::vector<std::size_t> first;
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (i == 0 || times[i] / kHourMs != times[i - 1] / kHourMs) first.push_back(i);
    }
    first.push_back(times.size());
    return first;
  }
  static std::vector<std::uint64_t> hours_of(const std::vector<std::uint64_t>& times, const std::vector<std::size_t>& first) {
    std::vector<std::uint64_t> hours;
    for (std::size_t i = 0; i + 1 < first.size(); ++i) hours.push_back(times[first[i]] / kHourMs * kHourMs);
    return hours;
  }

  std::vector<std::size_t> first_;
  std::vector<std::uint64_t> times_;
  PartWriter parts_;
  BlockValues hour_values_;
};

}  // namespace

Result<bool> SampleStore::compact(const GrainRule& rule) {
  const auto first = number_of("select min(at_unix_ms) from samples_tail where grain = ?", rule);
  if (!first) return first.error();
  const auto from = first->value_or(0) / rule.block_ms * rule.block_ms, until = from + rule.block_ms;
  if (!*first || end_of(rule.grain) <= until) return false;
  const auto times = times_of(kTimesOfRows, rule, from, until);
  if (!times) return times.error();
  if (auto done = at_once([&] { return write_blocks(rule, from, *times); }); !done) return done.error();
  auto& hours_end = end_of(rule.hourly);
  hours_end = std::max(hours_end, until);
  return true;
}

Result<Done> SampleStore::add_parts(const GrainRule& rule, std::uint64_t from_unix_ms, const std::vector<SamplePart>& parts) {
  auto put = database_->prepare("insert into samples values (?, ?, ?, ?, ?)");
  if (!put) return put.error();
  for (const auto& part : parts) {
    put->bind(1, std::string_view(rule.name)).bind(2, static_cast<std::int64_t>(from_unix_ms));
    put->bind(3, static_cast<std::int64_t>(from_unix_ms + rule.block_ms)).bind_blob(4, key_bytes(part.first_key)).bind_blob(5, part.body);
    if (const auto done = put->step(); !done) return done.error();
    ++counts_.blocks;
  }
  return Done{};
}

Result<Done> SampleStore::write_blocks(const GrainRule& rule, std::uint64_t from_unix_ms, const std::vector<std::uint64_t>& times) {
  const bool hourly = rule.hourly == rule.grain;
  std::vector<std::unique_ptr<SampleKeys>> samples;
  for (const auto at : times) {
    auto opened = SampleKeys::open(*database_, rule, at);
    if (!opened) return opened.error();
    samples.push_back(std::move(*opened));
  }
  PartWriter parts(times, hourly);
  std::optional<Hours> hours;
  if (!hourly) hours.emplace(times);
  for (BlockValues values;;) {
    const std::string* least = nullptr;
    for (const auto& sample : samples) {
      if (!sample->ended() && (least == nullptr || sample->key() < *least)) least = &sample->key();
    }
    if (least == nullptr) break;
    const std::string key = *least;
    values.assign(sample_columns(hourly).size() * times.size(), std::nullopt);
    for (std::size_t time = 0; time < times.size(); ++time) {
      if (samples[time]->ended() || samples[time]->key() != key) continue;
      if (auto read = samples[time]->read(values, times.size(), time); !read) return read;
      if (auto next = samples[time]->next(); !next) return next;
    }
    parts.add(key, values);
    if (auto added = add_parts(rule, from_unix_ms, parts.take()); !added) return added;
    if (hours) hours->add(key, values);
  }
  samples.clear();  // nothing is read any more of the table that is written now
  if (auto added = add_parts(rule, from_unix_ms, parts.finish()); !added) return added;
  const auto& of_hours = rule_of(rule.hourly);
  if (hours) {  // where their blocks are no longer than ours they are one at once
    auto added = of_hours.block_ms == rule.block_ms ? add_parts(of_hours, from_unix_ms, hours->finish())
                                                    : add_rows(of_hours, hours->times().front(), hours->finish());
    if (!added) return added;
  }
  auto forget = database_->prepare("delete from samples_tail where grain = ? and at_unix_ms >= ? and at_unix_ms < ?");
  if (!forget) return forget.error();
  forget->bind(1, std::string_view(rule.name)).bind(2, static_cast<std::int64_t>(from_unix_ms));
  forget->bind(3, static_cast<std::int64_t>(from_unix_ms + rule.block_ms));
  if (const auto done = forget->step(); !done) return done.error();
  return Done{};
}

}  // namespace capmap
