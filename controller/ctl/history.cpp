#include "controller/ctl/history.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "common/time_text.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000, kHoursADay = 24;
constexpr std::size_t kLineWidth = 48;

std::string kbps_text(WideAmount kbps) {
  return bandwidth_text(kbps / 1'000);
}

/// What of a measure is shown: a figure, as a share of itself and another one where there is such.
struct Shown {
  const char* measure;
  const char* figure;
  const char* rest;  ///< null: there is no whole that it could be a share of
  std::string (*text)(WideAmount);
};
constexpr std::array<Shown, 7> kShown = {{{"cpu_use", "cpu_used_millicores", "cpu_free_millicores", cores_text},
                                          {"memory_use", "memory_used_bytes", "memory_free_bytes", memory_text},
                                          {"storage_use", "storage_used_bytes", "storage_free_bytes", storage_text},
                                          {"accelerator_use", "accelerators_used", "accelerators_free", count_text},
                                          {"network_use", "network_receive_kbps", nullptr, kbps_text},
                                          {"power", "power_watts", nullptr, watts_text},
                                          {"nodes", "nodes_available", nullptr, count_text}}};

std::optional<WideAmount> amount_of(const ApiJson& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_string()) return parse_wide(value.get<std::string>());
  return std::nullopt;
}

/// The means of a figure by step; absent where it is not known.
std::vector<std::optional<WideAmount>> means_of(const ApiJson& group, const char* figure) {
  std::vector<std::optional<WideAmount>> means;
  if (figure == nullptr) return means;
  for (const ApiJson& value : list_at(object_at(object_at(group, "figures"), figure), "mean")) means.push_back(amount_of(value));
  return means;
}

/// What a group's steps come to.
struct Course {
  std::vector<std::optional<WideAmount>> values;     ///< [step]
  std::vector<std::optional<std::uint64_t>> shares;  ///< [step] permille; empty: of no share
};
Course course_of(const ApiJson& group, const Shown& shown) {
  Course course;
  course.values = means_of(group, shown.figure);
  if (shown.rest == nullptr) return course;
  const auto rest = means_of(group, shown.rest);
  course.shares.resize(course.values.size());
  for (std::size_t i = 0; i < course.values.size() && i < rest.size(); ++i) {
    if (!course.values[i] || !rest[i]) continue;
    const auto whole = *course.values[i] + *rest[i];
    if (whole > 0) course.shares[i] = static_cast<std::uint64_t>(*course.values[i] * 1'000 / whole);
  }
  return course;
}

template <class Value>
std::vector<Value> known(const std::vector<std::optional<Value>>& values) {
  std::vector<Value> all;
  for (const auto& value : values) {
    if (value) all.push_back(*value);
  }
  std::ranges::sort(all);
  return all;
}
/// The least value that so many of a hundred do not pass. Of values that are sorted.
template <class Value>
std::optional<Value> percentile(const std::vector<Value>& sorted, std::size_t percent) {
  if (sorted.empty()) return std::nullopt;
  return sorted[std::max<std::size_t>((sorted.size() * percent + 99) / 100, 1) - 1];
}

/// A bar a bucket of steps, between 0 and `most`; a dot where nothing is known.
template <class Value>
std::string line_of(const std::vector<std::optional<Value>>& values, Value most) {
  constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string line;
  const auto width = std::min(kLineWidth, values.size());
  for (std::size_t bar = 0; bar < width; ++bar) {
    const auto first = bar * values.size() / width, last = (bar + 1) * values.size() / width;
    Value sum = 0, count = 0;
    for (auto i = first; i < last; ++i) {
      if (!values[i]) continue;
      sum += *values[i];
      ++count;
    }
    if (count == 0) {
      line += "·";
      continue;
    }
    const auto height = most == 0 ? 0 : static_cast<std::size_t>(sum / count * 8 / most);
    line += kBars[std::min<std::size_t>(height, kBars.size() - 1)];
  }
  return line;
}

std::string name_of(const ApiJson& group) {
  std::string name;
  for (const ApiJson& value : object_at(group, "key")) {
    name += (name.empty() ? "" : " · ") + (value.is_string() ? value.get<std::string>() : "–");  // not declared, or none
  }
  return name.empty() ? "all" : name;
}

std::string share_or_dash(const std::optional<std::uint64_t>& share) {
  return share ? share_text(*share) : "–";
}
std::string amount_or_dash(const std::optional<WideAmount>& amount, const Shown& shown) {
  return amount ? shown.text(*amount) : "–";
}

void add_group(TextTable& table, const ApiJson& group, const Shown& shown) {
  const auto course = course_of(group, shown);
  const auto values = known(course.values);
  std::vector<std::string> cells = {name_of(group), amount_or_dash(percentile(values, 50), shown),
                                    amount_or_dash(percentile(values, 95), shown), amount_or_dash(percentile(values, 100), shown)};
  if (shown.rest != nullptr) {
    const auto shares = known(course.shares);
    cells.push_back(share_or_dash(percentile(shares, 50)));
    cells.push_back(share_or_dash(percentile(shares, 95)));
    cells.push_back(line_of<std::uint64_t>(course.shares, 1'000));
  } else {
    cells.push_back(line_of<WideAmount>(course.values, values.empty() ? 0 : values.back()));
  }
  table.add(cells);
}

/// p50 and p95 of the steps that begin in each hour of the day.
std::string hours_text(const ApiJson& group, const Shown& shown, std::uint64_t from_ms, std::uint64_t step_ms, const TableLook& look) {
  using enum TextTable::Align;
  const auto course = course_of(group, shown);
  std::array<std::vector<WideAmount>, kHoursADay> by_hour;
  for (std::size_t i = 0; i < course.values.size(); ++i) {
    const auto hour = (from_ms + i * step_ms) / kHourMs % kHoursADay;
    if (!course.shares.empty()) {
      if (course.shares[i]) by_hour[hour].push_back(*course.shares[i]);
    } else if (course.values[i]) {
      by_hour[hour].push_back(*course.values[i]);
    }
  }
  const auto text = [&](const std::optional<WideAmount>& value) {
    if (course.shares.empty()) return amount_or_dash(value, shown);
    return value ? share_text(static_cast<std::uint64_t>(*value)) : std::string("–");
  };
  TextTable table({{"HOUR (UTC)", kLeft, true}, {"STEPS"}, {"P50"}, {"P95"}});
  for (std::size_t hour = 0; hour < kHoursADay; ++hour) {
    std::ranges::sort(by_hour[hour]);
    table.add({(hour < 10 ? "0" : "") + std::to_string(hour) + ":00", count_text(by_hour[hour].size()), text(percentile(by_hour[hour], 50)),
               text(percentile(by_hour[hour], 95))});
  }
  return table.text(look);
}

/// Unix ms of a time as the API tells it; absent for anything else.
std::optional<std::uint64_t> time_of(const std::string& text) {
  std::tm parts{};
  const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  const auto seconds = end == nullptr ? -1 : timegm(&parts);
  if (seconds < 0) return std::nullopt;
  return static_cast<std::uint64_t>(seconds) * 1'000;
}

}  // namespace

std::vector<std::string> history_measures() {
  std::vector<std::string> words;
  words.reserve(kShown.size());
  for (const auto& shown : kShown) words.emplace_back(shown.measure);
  return words;
}

std::string history_text(const ApiJson& answer, std::string_view measure, const TableLook& look) {
  using enum TextTable::Align;
  const auto* const found = std::ranges::find_if(kShown, [measure](const Shown& one) { return one.measure == measure; });
  const Shown& shown = found == kShown.end() ? kShown.front() : *found;
  const auto from = text_at(answer, "from").value_or("–");
  const auto step_ms = number_at(answer, "step_ms").value_or(0);
  std::string out = std::string(shown.measure) + " from " + printable(from) + " on, " +
                    plural(number_at(answer, "steps").value_or(0), "step") + " of " + printable(text_at(answer, "grain").value_or("–"));
  if (const auto why = text_at(answer, "why_coarser")) out += " (" + printable(*why) + ")";
  out += "\n\n";
  const ApiJson& groups = list_at(answer, "groups");
  if (groups.empty()) return out + "nothing was sampled then\n";
  std::vector<TextTable::Column> columns = {{"GROUP", kLeft}, {"P50"}, {"P95"}, {"MAX"}};
  if (shown.rest != nullptr) {
    columns.push_back({"SHARE P50"});
    columns.push_back({"P95"});
  }
  columns.push_back({"OVER TIME", kLeft, true});
  TextTable table(columns);
  for (const ApiJson& group : groups) add_group(table, group, shown);
  out += table.text(look);
  if (groups.size() > 1) return out;
  const auto from_ms = time_of(from);
  if (!from_ms || step_ms == 0 || step_ms > kHourMs) return out + "\nby hour of the day: ask for steps of an hour or less\n";
  return out + "\n" + hours_text(groups.front(), shown, *from_ms, step_ms, look);
}

Result<Done> show_history(const ApiConnection& connection, const Screen& screen, const UsageRequest& request, std::uint64_t now_unix_ms) {
  std::string path = "/v1/history?measure=" + url_escaped(request.measure) +
                     "&from=" + url_escaped(rfc3339_text(now_unix_ms - std::min(now_unix_ms, request.since_ms)));
  for (const auto& [name, value] : {std::pair{"region", &request.region}, std::pair{"site", &request.site},
                                    std::pair{"group_by", &request.by}, std::pair{"grain", &request.grain}}) {
    if (!value->empty()) path += std::string("&") + name + "=" + url_escaped(*value);
  }
  const auto answer = api_get(connection, path);
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : history_text(*answer, request.measure, screen.look));
  return Done{};
}

}  // namespace capmap
