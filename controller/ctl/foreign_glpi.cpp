// Computers as GLPI exports them: CSV of a list, or the inventory of its agents as JSON.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/utf8.hpp"
#include "controller/ctl/delimited.hpp"
#include "controller/ctl/foreign.hpp"
#include "controller/ctl/json_items.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = nlohmann::json;

constexpr CsvLimits kLimits = {.text_bytes = ImportFile::kMostBytes, .rows = kMaxForeignNodes, .columns = 500, .cell_bytes = 64 << 10};
constexpr std::uint64_t kMib = 1ULL << 20;
constexpr std::size_t kMostParts = 4'096;  ///< processors or modules of one machine

/// "Root > DC 1 > Hall B": the place that all others lie in, but for the root entity.
std::string first_place(std::string_view text) {
  std::string place(text.substr(0, text.find('>')));
  const auto begin = place.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  place = place.substr(begin);
  place.erase(place.find_last_not_of(' ') + 1);
  return place;
}

void read_csv(std::string_view text, const ForeignOptions& options, ForeignRecords& out) {
  std::vector<CsvFault> faults;
  const auto table = parse_delimited(text, kLimits, ImportFile::kMostFaults, faults);
  for (auto& fault : faults) out.fault(fault.line, std::move(fault.why));
  if (!has_title(table, {"name", "nom"})) return out.fault(1, "has no title Name: export the list of computers with it");
  const bool typed = has_title(table, {"types", "type"});
  for (const auto& row : table.rows) {
    if (!std::ranges::all_of(row.cells, is_utf8)) {
      out.fault(row.line, "is not UTF-8: save the file as UTF-8");
      continue;
    }
    const auto type = cell_below(table, row, {"types", "type"});
    if (typed && !is_server_role(type, options)) {
      ++out.left_out["their type is " + (type.empty() ? "not told" : std::string(type.substr(0, 60))) + ", none of --role"];
      continue;
    }
    const auto place = first_place(cell_below(table, row, {"locations", "location", "lieu"}));
    add_nodes(out, {.line = row.line,
                    .site = options.site.empty() ? place : options.site,
                    .pool = {},
                    .packages = {},
                    .cores = {},
                    .memory_bytes = {},
                    .accelerators = {},
                    .by_model = {}});
  }
}

const Json& member(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto at = object.find(name);
  return at == object.end() ? none : *at;
}

/// Whole numbers come as numbers or as texts of digits.
std::optional<std::uint64_t> number(const Json& object, const char* name) {
  const Json& value = member(object, name);
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_string()) return std::nullopt;
  const auto text = value.get<std::string>();
  if (text.empty() || text.size() > 15 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return std::stoull(text);
}

/// The sum over a list's entries; absent where one does not tell it, or there is none.
std::optional<std::uint64_t> sum_of(const Json& list, const char* name) {
  if (!list.is_array() || list.empty() || list.size() > kMostParts) return std::nullopt;
  std::uint64_t sum = 0;
  for (const auto& entry : list) {
    const auto one = number(entry, name);
    if (!one || *one > kMaxForeignCount * kMib) return std::nullopt;
    sum += *one;
  }
  return sum;
}

void take_machine(const JsonItem& item, const ForeignOptions& options, ForeignRecords& out) {
  const Json machine = Json::parse(item.text, nullptr, false);
  if (!machine.is_object()) return out.fault(item.line, "is no object: its JSON does not parse");
  const Json& content = member(machine, "content");
  if (!content.is_object()) return out.fault(item.line, "content: is missing: is this an inventory of GLPI's agent?");
  const Json& type = member(machine, "itemtype");
  if (type.is_string() && type != "Computer") {
    ++out.left_out["their itemtype is " + type.get<std::string>().substr(0, 60)];
    return;
  }
  ForeignNodes nodes{.line = item.line, .site = options.site, .pool = {}, .by_model = {}};
  const Json& processors = member(content, "cpus");
  if (processors.is_array() && !processors.empty() && processors.size() <= kMostParts) nodes.packages = processors.size();
  nodes.cores = sum_of(processors, "core");
  auto mib = sum_of(member(content, "memories"), "capacity");
  if (!mib) mib = number(member(content, "hardware"), "memory");
  if (mib && *mib > 0 && *mib < UINT64_MAX / kMib) nodes.memory_bytes = *mib * kMib;
  add_nodes(out, std::move(nodes));
}

}  // namespace

ForeignRecords read_glpi(std::string_view text, const ForeignOptions& options) {
  ForeignRecords records;
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || (text[begin] != '{' && text[begin] != '[')) {
    read_csv(text, options, records);
    return records;
  }
  const auto items = json_items(text, "");
  if (!items) {
    const auto& what = items.error().what;
    records.fault(static_cast<std::size_t>(std::max(1, std::atoi(what.c_str()))), what.substr(what.find(": ") + 2));
    return records;
  }
  for (const auto& item : *items) take_machine(item, options, records);
  return records;
}

}  // namespace capmap
