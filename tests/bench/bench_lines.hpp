#pragma once
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace capmap::test {

/// One figure of a bench, as bench.json lists it.
struct Line {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<double> reference;
  std::optional<double> target;
};
inline std::vector<Line> lines;

inline void report(std::string name, double value, std::string unit, std::optional<double> target, std::optional<double> reference = {}) {
  std::printf("%-36s %12.3f %-4s", name.c_str(), value, unit.c_str());
  if (reference) std::printf("  reference %.3f, ratio %.5f", *reference, value / *reference);
  if (target) std::printf("  target %.3f%s", *target, value <= *target ? "" : "  MISSED");
  std::printf("\n");
  std::fflush(stdout);
  lines.push_back({std::move(name), value, std::move(unit), reference, target});
}

inline void write_json(const std::string& path) {
  std::string before;
  if (std::ifstream in(path); in) before.assign(std::istreambuf_iterator<char>(in), {});
  const auto end = before.rfind(']');
  std::string out = end == std::string::npos ? "[" : before.substr(0, end);
  bool first = out.find('{') == std::string::npos;
  const auto number = [](const std::optional<double>& value) { return value ? std::to_string(*value) : std::string("null"); };
  for (const auto& line : lines) {
    out += std::string(first ? "" : ",") + "\n{\"name\": \"" + line.name + "\", \"value\": " + std::to_string(line.value) +
           ", \"unit\": \"" + line.unit + "\", \"reference\": " + number(line.reference) +
           ", \"ratio\": " + number(line.reference ? std::optional(line.value / *line.reference) : std::nullopt) +
           ", \"target\": " + number(line.target) + "}";
    first = false;
  }
  std::ofstream(path) << out << "\n]\n";
}

}  // namespace capmap::test
