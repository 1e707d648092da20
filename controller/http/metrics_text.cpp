#include "controller/http/metrics_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>
#include <unordered_map>

namespace capmap {
namespace {

constexpr double kExactIntegers = 9'007'199'254'740'992;  // 2^53

bool is_name(const std::string& name, bool colons) {
  const auto letter = [colons](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':'); };
  const auto more = [&letter](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), more);
}

std::string escaped(const std::string& text, bool quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else if (c == '"' && quotes)
      out += "\\\"";
    else
      out += c;
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

bool well_named(const Metric& metric) {
  return is_name(metric.name, true) &&
         std::all_of(metric.labels.begin(), metric.labels.end(), [](const auto& label) { return is_name(label.first, false); });
}

struct Family {
  const Metric* first = nullptr;
  std::set<std::string> seen;  ///< label texts
  std::string samples;
};

}  // namespace

std::string metrics_text(const Metrics& metrics) {
  std::vector<Family> families;
  std::unordered_map<std::string, std::size_t> index;
  for (const auto& metric : metrics) {
    if (!well_named(metric)) continue;
    const auto [at, added] = index.emplace(metric.name, families.size());
    if (added) families.push_back({.first = &metric, .seen = {}, .samples = {}});
    Family& family = families[at->second];
    auto labels = labels_text(metric);
    if (metric.kind != family.first->kind || !family.seen.insert(labels).second) continue;
    family.samples += metric.name + labels + " " + number(metric.value) + "\n";
  }
  std::string out;
  for (const auto& family : families) {
    const Metric& first = *family.first;
    out += "# HELP " + first.name + " " + escaped(first.help, false) + "\n";
    out += "# TYPE " + first.name + (first.kind == Metric::Kind::kCounter ? " counter\n" : " gauge\n");
    out += family.samples;
  }
  return out;
}

}  // namespace capmap
