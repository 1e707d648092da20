#include "controller/ctl/map_figures.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/ctl/api.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::size_t kMaxReasons = 20, kWidestLabel = 42;

std::uint64_t nodes_of(const Json& group, const char* kind) {
  return count_at(object_at(group, "nodes"), kind);
}

bool is_integer_precision(const std::string& precision) {
  return precision.starts_with("int");
}

}  // namespace

std::uint64_t count_at(const Json& object, const char* key) {
  return number_at(object, key).value_or(0);
}

std::string installed_text(const Json& group, const char* family, const char* member, const char* unknown_member, UnitText unit) {
  const Json& figures = object_at(group, family);
  const auto amount = amount_at(figures, member);
  const bool some_unknown = count_at(figures, unknown_member) + nodes_of(group, "hardware_unknown") > 0;
  if (!amount || (*amount == 0 && some_unknown)) return "unknown";
  return unit(*amount);
}

std::string use_text(const Json& group, const char* family, const char* member, UnitText unit) {
  const Json& figures = object_at(group, family);
  const std::uint64_t available = nodes_of(group, "available");
  if (available == 0) return "–";
  const auto amount = amount_at(figures, member);
  if (!amount || count_at(figures, "use_unknown_nodes") >= available) return "unknown";
  return unit(*amount);
}

std::string accelerator_use_text(const Json& group, const char* member) {
  const Json& figures = object_at(group, "accelerators");
  if (count_at(figures, "installed") == 0 || nodes_of(group, "available") == 0) return "–";
  const auto amount = amount_at(figures, member);
  const bool none_known = count_at(figures, "used") == 0 && count_at(figures, "free") == 0;
  if (!amount || (none_known && count_at(figures, "use_unknown") > 0)) return "unknown";
  return count_text(*amount);
}

std::string peak_text(const Json& group, const char* part, const std::string& precision) {
  const bool cpu = std::string_view(part) == "cpu";
  const Json& peak = object_at(group, "peak");
  if (const auto mflops = amount_at(object_at(peak, part), (precision + "_mflops").c_str())) {
    return is_integer_precision(precision) ? ops_text(*mflops) : flops_text(*mflops);
  }
  const std::uint64_t parts = cpu ? count_at(object_at(group, "cpu"), "packages") : count_at(object_at(group, "accelerators"), "installed");
  const std::uint64_t unrated = count_at(object_at(peak, "unrated"), cpu ? "cpu_packages" : "accelerators");
  if (unrated > 0 && unrated >= parts) return "unrated";
  if (parts > 0) return "not offered";
  return nodes_of(group, "hardware_unknown") > 0 ? "unknown" : "–";
}

std::string free_peak_text(const Json& group, const std::string& precision) {
  if (count_at(object_at(group, "accelerators"), "installed") == 0 || nodes_of(group, "available") == 0) return "–";
  const Json& peak = object_at(group, "peak");
  if (const auto mflops = amount_at(object_at(object_at(peak, "free"), "accelerators"), (precision + "_mflops").c_str())) {
    return is_integer_precision(precision) ? ops_text(*mflops) : flops_text(*mflops);
  }
  const bool offered = amount_at(object_at(peak, "accelerators"), (precision + "_mflops").c_str()).has_value();
  return offered ? "unknown" : peak_text(group, "accelerators", precision);
}

bool has_peak(const Json& group, const std::string& precision) {
  const Json& peak = object_at(group, "peak");
  const std::string key = precision + "_mflops";
  return amount_at(object_at(peak, "cpu"), key.c_str()) || amount_at(object_at(peak, "accelerators"), key.c_str());
}

std::string unrated_reason(const Json& group, const std::string& part) {
  for (const Json& entry : list_at(object_at(object_at(group, "peak"), "unrated"), "why")) {
    const std::string what = text_at(entry, "what").value_or("");
    if ((part == "cpu") == (what == "cpu")) return text_at(entry, "why").value_or("");
  }
  return {};
}

std::string unrated_lines(const Json& reasons, const TableLook& look) {
  if (reasons.empty()) return {};
  std::size_t width = 0;
  const std::size_t shown = std::min(reasons.size(), kMaxReasons);
  const auto label = [&reasons](std::size_t i) {
    return count_text(count_at(reasons[i], "count")) + " x " + text_at(reasons[i], "what").value_or("unknown");
  };
  for (std::size_t i = 0; i < shown; ++i) width = std::max(width, display_width(printable(label(i))) + 2);
  std::string text = look.bold ? "\033[1mUNRATED\033[0m\n" : "UNRATED\n";
  for (std::size_t i = 0; i < shown; ++i) {
    text += labelled(label(i), text_at(reasons[i], "why").value_or("unknown"), std::min(width, kWidestLabel));
  }
  if (reasons.size() > shown) text += "and " + plural(reasons.size() - shown, "more reason") + ": --json lists them\n";
  return text;
}

std::string oldest_text(const Json& group) {
  const auto age = number_at(object_at(group, "age_ms"), "max");
  return age ? age_text(*age) : "unknown";
}

std::string share_at(const Json& group, const char* key) {
  const auto permille = number_at(group, key);
  return permille ? share_text(*permille) : "unknown";
}

std::string honesty_line(const Json& group) {
  const Json& age = object_at(group, "age_ms");
  const auto mean = number_at(age, "mean"), oldest = number_at(age, "max");
  std::string line = mean && oldest
                         ? "age mean " + age_text(*mean) + ", max " + age_text(*oldest) + " (" + count_text(count_at(age, "known_nodes")) +
                               " of " + count_text(nodes_of(group, "installed")) + " nodes heard)"
                         : "age unknown: no node heard yet";
  return line + ", " + share_at(group, "stale_permille") + " not fresh, " + share_at(group, "unrated_permille") + " with unrated parts";
}

}  // namespace capmap
