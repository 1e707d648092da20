#include "controller/history/sample_store.hpp"

#include <algorithm>

#include "common/check.hpp"
#include "common/log.hpp"

namespace capmap {
namespace {

constexpr std::array<GrainRule, kGrainCount> kRules = {{
    {.grain = Grain::kRegionMinute,
     .name = "region_1m",
     .step_ms = kMinuteMs,
     .block_ms = kHourMs,
     .kept_ms = 7 * kDayMs,
     .hourly = Grain::kRegionHour},
    {.grain = Grain::kRegionHour,
     .name = "region_1h",
     .step_ms = kHourMs,
     .block_ms = 7 * kDayMs,
     .kept_ms = 0,
     .hourly = Grain::kRegionHour},
    {.grain = Grain::kSiteQuarter,
     .name = "site_15m",
     .step_ms = 15 * kMinuteMs,
     .block_ms = kDayMs,
     .kept_ms = 366 * kDayMs,
     .hourly = Grain::kSiteHour},
    {.grain = Grain::kSiteHour, .name = "site_1h", .step_ms = kHourMs, .block_ms = kDayMs, .kept_ms = 0, .hourly = Grain::kSiteHour},
}};

constexpr const char* kTables = R"(
create table if not exists samples_tail(
  grain text not null, at_unix_ms integer not null, first_key blob not null, body blob not null, unique (grain, at_unix_ms, first_key)
) strict;
create table if not exists samples(
  grain text not null, from_unix_ms integer not null, until_unix_ms integer not null, first_key blob not null, body blob not null,
  unique (grain, from_unix_ms, first_key)
) strict;
)";

}  // namespace

const GrainRule& rule_of(Grain grain) {
  return kRules[static_cast<std::size_t>(grain)];
}

std::string sample_place(const GrainRule& rule, std::uint64_t at_unix_ms) {
  return std::string("samples of grain ") + rule.name + " from unix ms " + std::to_string(at_unix_ms);
}

Result<SampleStore> SampleStore::open(Database& database) {
  if (auto made = database.run(kTables); !made) return made.error();
  SampleStore store(database);
  for (const auto& rule : kRules) {
    if (auto found = store.find_end(rule); !found) return found.error();
  }
  // Blocks of fine samples may all have been deleted: their hours tell that they were there.
  for (const auto& rule : kRules) store.end_of(rule.grain) = std::max(store.end_of(rule.grain), store.end_of(rule.hourly));
  return store;
}

Result<std::optional<std::uint64_t>> SampleStore::number_of(const char* sql, const GrainRule& rule) {
  auto statement = database_->prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->bind(1, std::string_view(rule.name)).step();
  if (!row) return row.error();
  if (!*row || statement->is_null(0)) return std::optional<std::uint64_t>();
  return std::optional(static_cast<std::uint64_t>(std::max<std::int64_t>(statement->number(0), 0)));
}

Result<Done> SampleStore::find_end(const GrainRule& rule) {
  const auto last = number_of("select max(at_unix_ms) from samples_tail where grain = ?", rule);
  if (!last) return last.error();
  const auto block = number_of("select max(from_unix_ms) from samples where grain = ?", rule);
  if (!block) return block.error();
  auto& end = end_of(rule.grain);
  if (*last) end = (**last / rule.step_ms + 1) * rule.step_ms;
  if (*block) end = std::max(end, **block + rule.block_ms);
  return Done{};
}

Result<Done> SampleStore::at_once(const std::function<Result<Done>()>& body) {
  if (auto begun = database_->run("begin immediate"); !begun) return begun;
  Result<Done> done = body();
  if (done) done = database_->run("commit");
  if (!done) static_cast<void>(database_->run("rollback"));  // fails only where SQLite has rolled back already
  return done;
}

Result<Done> SampleStore::add_rows(const GrainRule& rule, std::uint64_t at_unix_ms, const std::vector<SamplePart>& parts) {
  auto put = database_->prepare("insert into samples_tail values (?, ?, ?, ?)");
  if (!put) return put.error();
  for (const auto& part : parts) {
    put->bind(1, std::string_view(rule.name)).bind(2, static_cast<std::int64_t>(at_unix_ms)).bind_blob(4, part.body);
    put->bind_blob(3, key_bytes(part.first_key));
    if (const auto done = put->step(); !done) return done.error();
  }
  return Done{};
}

Result<bool> SampleStore::append(Grain grain, const UsageSample& sample) {
  const auto& rule = rule_of(grain);
  check(rule.hourly != grain, "hours are made of finer samples");
  const auto end = end_of(grain);
  auto& stepped_back = stepped_back_[static_cast<std::size_t>(grain)];
  if (sample.at_unix_ms < end) {
    ++counts_.put_aside;
    if (!stepped_back) log_warn("sample_put_aside", {{"grain", rule.name}, {"at_unix_ms", sample.at_unix_ms}, {"kept_until_unix_ms", end}});
    stepped_back = true;
    return false;
  }
  const auto parts = parts_of(sample);
  if (auto done = at_once([&] { return add_rows(rule, sample.at_unix_ms, parts); }); !done) return done.error();
  if (stepped_back) log_info("samples_go_on", {{"grain", rule.name}, {"put_aside", counts_.put_aside}});
  stepped_back = false;
  end_of(grain) = (sample.at_unix_ms / rule.step_ms + 1) * rule.step_ms;
  ++counts_.appended;
  return true;
}

Result<bool> SampleStore::tidy() {
  for (const auto& rule : kRules) {
    for (const auto step : {&SampleStore::compact, &SampleStore::thin}) {
      auto done = (this->*step)(rule);
      if (!done || *done) return done;
    }
  }
  return false;
}

Result<bool> SampleStore::thin(const GrainRule& rule) {
  if (rule.kept_ms == 0) return false;
  const auto first = number_of("select min(from_unix_ms) from samples where grain = ?", rule);
  if (!first) return first.error();
  if (!*first || **first + rule.block_ms + rule.kept_ms > end_of(rule.grain)) return false;
  auto forget = database_->prepare("delete from samples where grain = ? and from_unix_ms = ?");
  if (!forget) return forget.error();
  forget->bind(1, std::string_view(rule.name)).bind(2, static_cast<std::int64_t>(**first));
  if (const auto done = forget->step(); !done) return done.error();
  return true;
}

Result<std::vector<std::uint64_t>> SampleStore::times_of(const char* sql, const GrainRule& rule, std::uint64_t from_unix_ms,
                                                         std::uint64_t until_unix_ms) {
  auto find = database_->prepare(sql);
  if (!find) return find.error();
  find->bind(1, std::string_view(rule.name)).bind(2, static_cast<std::int64_t>(from_unix_ms));
  find->bind(3, static_cast<std::int64_t>(std::min<std::uint64_t>(until_unix_ms, INT64_MAX)));
  std::vector<std::uint64_t> times;
  for (;;) {
    const auto row = find->step();
    if (!row) return row.error();
    if (!*row) return times;
    times.push_back(static_cast<std::uint64_t>(std::max<std::int64_t>(find->number(0), 0)));
  }
}

}  // namespace capmap
