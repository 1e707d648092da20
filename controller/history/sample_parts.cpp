#include "controller/history/sample_parts.hpp"

#include <algorithm>
#include <utility>

namespace capmap {
namespace {

/// What is free stands beside what is used of the same.
std::optional<std::size_t> partner_of(std::size_t figure) {
  switch (figure) {
    case kSampleCpuFree: return kSampleCpuUsed;
    case kSampleMemoryFree: return kSampleMemoryUsed;
    case kSampleStorageFree: return kSampleStorageUsed;
    case kSampleAcceleratorsFree: return kSampleAcceleratorsUsed;
    default: return std::nullopt;
  }
}

std::vector<BlockColumn> make_columns(bool hourly) {
  std::vector<BlockColumn> columns;
  for (std::size_t i = 0; i < kSampleFigureCount; ++i) columns.push_back({.name = kSampleFigureNames[i], .beside = partner_of(i)});
  for (const auto sum : kSampleSums) columns.push_back({.name = std::string(kSampleFigureNames[sum]) + ".unknown_nodes", .beside = {}});
  if (!hourly) return columns;
  // The least of what is free was there when most was used.
  for (const auto& [name, partner] : {std::pair{".min", kHourGreatest}, std::pair{".max", kHourLeast}}) {
    for (std::size_t i = 0; i < kSampleFigureCount; ++i) {
      columns.push_back({.name = kSampleFigureNames[i] + std::string(name), .beside = {}});
      if (const auto used = partner_of(i)) columns.back().beside = partner + *used;
    }
  }
  return columns;
}

}  // namespace

const std::vector<BlockColumn>& sample_columns(bool hourly) {
  static const std::vector<BlockColumn> fine = make_columns(false), of_hours = make_columns(true);
  return hourly ? of_hours : fine;
}

std::vector<std::optional<std::size_t>> places_of(const std::vector<BlockColumn>& columns, bool hourly) {
  const auto& ours = sample_columns(hourly);
  std::vector<std::optional<std::size_t>> places;
  for (const auto& column : columns) {
    const auto found = std::ranges::find(ours, column.name, &BlockColumn::name);
    places.emplace_back();
    if (found != ours.end()) places.back() = static_cast<std::size_t>(found - ours.begin());
  }
  return places;
}

std::optional<BlockValues> fold_hour(const BlockValues& values, std::size_t times, std::size_t first, std::size_t last) {
  const auto at = [&](std::size_t column, std::size_t time) { return values[column * times + time]; };
  std::size_t there = 0;
  for (auto time = first; time < last; ++time) there += at(kSampleNodesInstalled, time) ? 1 : 0;
  if (there == 0) return std::nullopt;
  const std::uint64_t away = last - first - there;
  BlockValues hour(kHourColumnCount);
  for (std::size_t column = 0; column < kSampleColumnCount; ++column) {
    unsigned __int128 sum = 0;
    std::uint64_t known = 0, least = UINT64_MAX, greatest = 0;
    for (auto time = first; time < last; ++time) {
      const auto value = at(column, time);
      if (!value || !at(kSampleNodesInstalled, time)) continue;
      ++known;
      sum += *value;
      least = std::min(least, *value);
      greatest = std::max(greatest, *value);
    }
    if (known == 0) continue;
    hour[column] = static_cast<std::uint64_t>((sum + (known + away) / 2) / (known + away));
    if (column >= kSampleFigureCount) continue;
    hour[kHourLeast + column] = away > 0 ? 0 : least;
    hour[kHourGreatest + column] = greatest;
  }
  return hour;
}

void PartWriter::add(std::string_view key, const BlockValues& values) {
  block_.add(key, values);
  if (block_.is_full()) end_part();
}

void PartWriter::end_part() {
  std::string first_key = block_.empty() ? std::string() : block_.keys().front();
  parts_.push_back({.first_key = std::move(first_key), .body = block_.finish()});
  any_ = true;
}

std::vector<SamplePart> PartWriter::take() {
  return std::exchange(parts_, {});
}

std::vector<SamplePart> PartWriter::finish() {
  if (!block_.empty() || !any_) end_part();
  return take();
}

std::vector<SamplePart> parts_of(const UsageSample& sample) {
  PartWriter parts({sample.at_unix_ms}, false);
  for (const auto& row : sample.rows) {
    if (row.key.size() <= kMaxBlockKeyBytes) parts.add(row.key, {row.values.begin(), row.values.end()});
  }
  return parts.finish();
}

}  // namespace capmap
