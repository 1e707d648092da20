#include "controller/http/metrics_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>
#include <unordered_map>

#include "common/utf8.hpp"

namespace capmap {
namespace {

constexpr double kExactIntegers = 9'007'199'254'740'992;  // 2^53

bool is_name(const std::string& name, bool colons) {
  const auto letter = [colons](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':'); };
  const auto more = [&letter](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), more);
}

/// Escaped; of a text that is not UTF-8 all other bytes are '?', for one of those would spoil the whole page.
std::string escaped(const std::string& text, bool quotes) {
  const bool utf8 = is_utf8(text);
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += utf8 || static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 40> text{};
  const bool whole = std::floor(value) == value && std::fabs(value) <= kExactIntegers;
  std::snprintf(text.data(), text.size(), whole ? "%.0f" : "%.17g", value);
  return text.data();
}

/// "{a="b",c="d"}", or nothing without labels.
std::string labels_text(const Metric& metric) {
  std::string out;
  for (const auto& [name, value] : metric.labels) out += (out.empty() ? "{" : ",") + name + "=\"" + escaped(value, true) + "\"";
  return out.empty() ? out : out + "}";
}

constexpr std::string_view kTotal = "_total", kInfo = "_info";
constexpr std::array<std::string_view, 7> kUnits = {"seconds", "bytes", "watts", "cores", "ratio", "flops", "bytes_per_second"};

bool well_formed(const Metric& metric) {
  if (metric.kind == Metric::Kind::kCounter && (!metric.name.ends_with(kTotal) || !(metric.value >= 0))) return false;
  if (metric.kind == Metric::Kind::kInfo && !metric.name.ends_with(kInfo)) return false;
  return is_name(metric.name, true) &&
         std::all_of(metric.labels.begin(), metric.labels.end(), [](const auto& label) { return is_name(label.first, false); });
}

struct Family {
  const Metric* first = nullptr;
  std::set<std::string> seen;  ///< label texts
  std::string samples;
};

const char* kind_word(Metric::Kind kind, MetricsFormat format) {
  if (kind == Metric::Kind::kCounter) return "counter";
  return kind == Metric::Kind::kInfo && format == MetricsFormat::kOpenMetrics ? "info" : "gauge";
}

/// What stands above the samples of a name.
std::string head_text(const Metric& first, MetricsFormat format) {
  if (format == MetricsFormat::kPlain) {
    return "# HELP " + first.name + " " + escaped(first.help, false) + "\n# TYPE " + first.name + " " + kind_word(first.kind, format) +
           "\n";
  }
  std::string name = first.name;
  if (first.kind == Metric::Kind::kCounter) name.resize(name.size() - kTotal.size());
  if (first.kind == Metric::Kind::kInfo) name.resize(name.size() - kInfo.size());
  std::string out = "# TYPE " + name + " " + kind_word(first.kind, format) + "\n";
  std::string_view unit;
  for (const auto known : kUnits) {
    if (name.ends_with("_" + std::string(known)) && known.size() > unit.size()) unit = known;
  }
  if (!unit.empty()) out += "# UNIT " + name + " " + std::string(unit) + "\n";
  return out + "# HELP " + name + " " + escaped(first.help, true) + "\n";
}

}  // namespace

std::string metrics_text(const Metrics& metrics, MetricsFormat format) {
  std::vector<Family> families;
  std::unordered_map<std::string, std::size_t> index;
  for (const auto& metric : metrics) {
    if (!well_formed(metric)) continue;
    const auto [at, added] = index.emplace(metric.name, families.size());
    if (added) families.push_back({.first = &metric, .seen = {}, .samples = {}});
    Family& family = families[at->second];
    auto labels = labels_text(metric);
    if (metric.kind != family.first->kind || !family.seen.insert(labels).second) continue;
    family.samples += metric.name + labels + " " + number(metric.value) + "\n";
  }
  std::string out;
  for (const auto& family : families) out += head_text(*family.first, format) + family.samples;
  return format == MetricsFormat::kOpenMetrics ? out + "# EOF\n" : out;
}

}  // namespace capmap
