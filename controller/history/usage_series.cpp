#include "controller/history/usage_series.hpp"

#include <algorithm>

#include "common/check.hpp"
#include "controller/history/sample_parts.hpp"

namespace capmap {
namespace {

/// The number of the sum in kSampleSums.
std::optional<std::size_t> sum_of(SampleColumn figure) {
  const auto* const found = std::ranges::find(kSampleSums, figure);
  if (found == kSampleSums.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kSampleSums.begin());
}

std::uint64_t next_step(std::uint64_t step_ms) {
  for (const auto& step : kSteps) {
    if (step.second > step_ms) return step.second;
  }
  return step_ms;
}

}  // namespace

const char* step_word(std::uint64_t step_ms) {
  for (const auto& [word, ms] : kSteps) {
    if (ms == step_ms) return word;
  }
  return "";
}

std::string too_many_values() {
  return "an answer has at most " + std::to_string(kMaxSeriesValues) + " values: ask for fewer groups or measures";
}

void UsageFold::Step::add(const Step& other) {
  sum += other.sum;
  known += other.known;
  unknown += other.unknown;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  unknown_nodes = std::max(unknown_nodes, other.unknown_nodes);
}

UsageFold::UsageFold(const UsageQuestion& question, std::uint64_t from_unix_ms, std::uint64_t until_unix_ms, std::uint64_t step_ms)
    : question_(question), from_(from_unix_ms / step_ms * step_ms), until_(until_unix_ms), step_ms_(step_ms) {
  check(from_ < until_ && !question_.figures.empty(), "a fold of samples has a time and figures");
  weights_.resize(step_at(until_ - 1) + 1);
  samples_.resize(weights_.size());
}

void UsageFold::begin(std::span<const std::uint64_t> times, std::uint64_t weight) {
  times_.assign(times.begin(), times.end());
  weight_ = weight;
}

Result<UsageFold::Group*> UsageFold::group_of(std::string_view key) {
  RegionKey own;
  if (question_.by_region || question_.by_class || question_.by_model) {
    auto parts = parse_region_key(key);
    if (question_.by_region) own.region_2 = std::move(parts.region_2);
    if (question_.by_class) own.compute_class = std::move(parts.compute_class);
    if (question_.by_model) own.accelerator_model = std::move(parts.accelerator_model);
  }
  const auto [at, added] = groups_.try_emplace(to_text(own));
  Group& group = at->second;
  if (added) {
    if (groups_.size() * question_.figures.size() > kMaxSeries) {
      return Error{ErrorCode::kMalformed,
                   "more than " + std::to_string(kMaxSeries) + " series: ask for one measure, one region, or groups by less at once"};
    }
    group.key = std::move(own);
    group.steps.resize(question_.figures.size() * step_count());
    while (groups_.size() * question_.figures.size() * step_count() > kMaxSeriesValues && next_step(step_ms_) != step_ms_) make_coarser();
  }
  if (group.keys.size() != times_.size()) {
    group.keys.assign(times_.size(), 0);
    group.moments.assign(question_.figures.size() * times_.size(), {});
  }
  return &group;
}

Result<Done> UsageFold::add(std::string_view key, const BlockValues& values, const std::vector<std::optional<std::size_t>>& places,
                            bool hourly) {
  auto found = group_of(key);
  if (!found) return found.error();
  Group& group = **found;
  const auto times = times_.size();
  const auto column = [&](std::size_t ours) -> const std::optional<std::uint64_t>* {
    const auto at = std::ranges::find(places, std::optional(ours));
    return at == places.end() ? nullptr : values.data() + static_cast<std::size_t>(at - places.begin()) * times;
  };
  const auto* const there = column(kSampleNodesInstalled);
  if (there == nullptr) return Done{};
  for (std::size_t time = 0; time < times; ++time) {
    if (!there[time]) continue;
    bounds_ = bounds_ || (hourly && group.keys[time] > 0);
    ++group.keys[time];
  }
  for (std::size_t i = 0; i < question_.figures.size(); ++i) {
    const auto figure = question_.figures[i];
    const auto sum = sum_of(figure);
    const auto* const mean = column(figure);
    const auto* const min = hourly ? column(kHourLeast + figure) : mean;
    const auto* const max = hourly ? column(kHourGreatest + figure) : mean;
    const auto* const unknown = sum ? column(kSampleUnknown + *sum) : nullptr;
    for (std::size_t time = 0; time < times; ++time) {
      if (!there[time]) continue;
      Moment& moment = group.moments[i * times + time];
      if (unknown != nullptr && unknown[time]) moment.unknown_nodes += *unknown[time];
      if (mean == nullptr || !mean[time]) continue;
      moment.known = true;
      moment.mean += *mean[time];
      moment.min += min != nullptr && min[time] ? *min[time] : *mean[time];
      moment.max += max != nullptr && max[time] ? *max[time] : *mean[time];
    }
  }
  return Done{};
}

void UsageFold::take_moment(Group& group, std::size_t time) {
  if (group.keys[time] == 0) return;
  const auto step = step_at(times_[time]);
  for (std::size_t i = 0; i < question_.figures.size(); ++i) {
    const Moment& moment = group.moments[i * times_.size() + time];
    Step one;
    one.unknown_nodes = moment.unknown_nodes;
    if (moment.known) {
      one.sum = static_cast<unsigned __int128>(moment.mean) * weight_;
      one.known = weight_;
      one.min = moment.min;
      one.max = moment.max;
    } else {
      one.unknown = weight_;
    }
    group.steps[i * step_count() + step].add(one);
  }
}

void UsageFold::end() {
  for (std::size_t time = 0; time < times_.size(); ++time) {
    if (times_[time] < from_ || times_[time] >= until_) continue;
    weights_[step_at(times_[time])] += weight_;
    ++samples_[step_at(times_[time])];
    for (auto& entry : groups_) {
      if (!entry.second.keys.empty()) take_moment(entry.second, time);
    }
  }
  for (auto& entry : groups_) {
    entry.second.keys.clear();
    entry.second.moments.clear();
  }
}

void UsageFold::make_coarser() {
  const auto old_count = step_count(), old_from = from_, old_ms = step_ms_;
  step_ms_ = next_step(step_ms_);
  from_ = from_ / step_ms_ * step_ms_;
  const auto count = step_at(until_ - 1) + 1;
  const auto place = [&](std::size_t step) { return step_at(old_from + step * old_ms); };
  for (auto* of : {&weights_, &samples_}) {
    std::vector<std::uint64_t> coarse(count);
    for (std::size_t step = 0; step < old_count; ++step) coarse[place(step)] += (*of)[step];
    *of = std::move(coarse);
  }
  for (auto& entry : groups_) {
    std::vector<Step> coarse(question_.figures.size() * count);
    for (std::size_t i = 0; i < question_.figures.size(); ++i) {
      for (std::size_t step = 0; step < old_count; ++step) coarse[i * count + place(step)].add(entry.second.steps[i * old_count + step]);
    }
    entry.second.steps = std::move(coarse);
  }
  coarser_ = true;
}

UsageFigure UsageFold::figure_of(const Group& group, std::size_t figure) const {
  UsageFigure out;
  const auto count = step_count();
  out.mean.resize(count);
  out.min.resize(count);
  out.max.resize(count);
  const bool sum = sum_of(question_.figures[figure]).has_value();
  if (sum) out.unknown_nodes.resize(count);
  for (std::size_t step = 0; step < count; ++step) {
    const Step& of = group.steps[figure * count + step];
    if (sum) out.unknown_nodes[step] = of.unknown_nodes;
    if (of.known == 0 && (of.unknown > 0 || weights_[step] == 0)) continue;
    const auto away = weights_[step] - of.known - of.unknown;  // there was nothing of the group
    const auto all = of.known + away;
    out.mean[step] = static_cast<std::uint64_t>((of.sum + all / 2) / all);
    out.min[step] = away > 0 ? 0 : of.min;
    out.max[step] = of.max;
  }
  return out;
}

/// A block holds keys whose time is before or after what is asked for.
bool UsageFold::was_there(const Group& group) {
  return std::ranges::any_of(group.steps, [](const Step& step) { return step.known + step.unknown > 0; });
}

UsageSeries UsageFold::finish() {
  UsageSeries series{.from_unix_ms = from_, .step_ms = step_ms_};
  if (coarser_) series.why_coarser = too_many_values();
  series.bounds = bounds_;
  series.samples = samples_;
  for (const auto& entry : groups_) {
    const Group& group = entry.second;
    if (!was_there(group)) continue;
    UsageGroup& out = series.groups.emplace_back();
    out.key = group.key;
    for (std::size_t i = 0; i < question_.figures.size(); ++i) out.figures.push_back(figure_of(group, i));
  }
  return series;
}

}  // namespace capmap
