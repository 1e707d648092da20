#include "controller/ctl/map_groups.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <vector>

#include "controller/ctl/api.hpp"
#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;
using Cells = std::vector<std::string>;

struct GroupTable {
  const char* title;
  std::vector<TextTable::Column> columns;
  Cells (*cells)(const Json& group);
};

Cells node_cells(const Json& group) {
  const Json& nodes = object_at(group, "nodes");
  Cells cells;
  for (const char* kind : {"installed", "available", "fresh", "stale", "lost", "resyncing"})
    cells.push_back(count_text(count_at(nodes, kind)));
  return cells;
}

Cells compute_cells(const Json& group) {
  return {installed_text(group, "cpu", "cores", "", count_text), installed_text(group, "cpu", "pus", "", count_text),
          use_text(group, "cpu", "free_millicores", cores_text),
          installed_text(group, "memory", "installed_bytes", "unknown_nodes", memory_text),
          use_text(group, "memory", "free_bytes", memory_text)};
}

Cells device_cells(const Json& group) {
  return {installed_text(group, "accelerators", "installed", "", count_text), accelerator_use_text(group, "used"),
          accelerator_use_text(group, "free"), installed_text(group, "storage", "installed_bytes", "unknown_disks", storage_text),
          installed_text(group, "network", "speed_mbps", "speed_unknown", bandwidth_text)};
}

Cells peak_cells(const Json& group) {
  return {peak_text(group, "cpu", "fp64"), peak_text(group, "cpu", "fp32"), peak_text(group, "accelerators", "fp32"),
          peak_text(group, "accelerators", "fp16"), free_peak_text(group, "fp16")};
}

const std::vector<GroupTable>& group_table_list() {
  static const std::vector<GroupTable> list = {
      {"nodes", {{"NODES"}, {"AVAILABLE"}, {"FRESH"}, {"STALE"}, {"LOST"}, {"RESYNC"}}, node_cells},
      {"cpu and memory; free is of available nodes", {{"CORES"}, {"PUS"}, {"PUS FREE"}, {"MEMORY"}, {"FREE"}}, compute_cells},
      {"devices; used and free are of available nodes", {{"ACCEL"}, {"USED"}, {"FREE"}, {"STORAGE"}, {"NETWORK"}}, device_cells},
      {"peaks, dense and nominal, of what is rated",
       {{"CPU FP64"}, {.title = "CPU FP32", .wide = true}, {"ACCEL FP32"}, {"ACCEL FP16"}, {"FREE FP16"}},
       peak_cells}};
  return list;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::vector<std::string> dimensions_of(const Json& answer) {
  std::vector<std::string> names;
  for (const Json& name : list_at(answer, "by")) names.push_back(name.is_string() ? printable(name.get<std::string>()) : "?");
  return names;
}

/// What probes could not tell is unknown; what nobody wrote down about a site is not declared.
std::string key_text(const Json& group, const std::string& dimension) {
  const auto text = text_at(object_at(group, "key"), dimension.c_str());
  if (text && !text->empty()) return *text;
  return dimension == "architecture" || dimension == "cpu_model" ? "unknown" : "not declared";
}

void add_row(TextTable& table, Cells row, const Json& group, const GroupTable& kind) {
  std::ranges::move(kind.cells(group), std::back_inserter(row));
  for (const auto& cell : {oldest_text(group), share_at(group, "stale_permille"), share_at(group, "unrated_permille")}) row.push_back(cell);
  table.add(row);
}

std::string group_table(const Json& answer, const GroupTable& kind, const std::vector<std::string>& dimensions, const TableLook& look) {
  std::vector<TextTable::Column> columns;
  for (const auto& name : dimensions) columns.push_back({upper(name), TextTable::Align::kLeft});
  columns.insert(columns.end(), kind.columns.begin(), kind.columns.end());
  for (const char* title : {"AGE", "NOT FRESH", "UNRATED"}) columns.push_back({title});
  TextTable table(columns);
  for (const Json& group : list_at(answer, "groups")) {
    Cells keys;
    for (const auto& name : dimensions) keys.push_back(key_text(group, name));
    add_row(table, std::move(keys), group, kind);
  }
  Cells total(dimensions.size());
  if (!total.empty()) total[0] = "total";
  add_row(table, std::move(total), object_at(answer, "total"), kind);
  return std::string(kind.title) + "\n" + table.text(look);
}

}  // namespace

std::string group_key_text(const Json& answer, const Json& group) {
  std::string text;
  for (const auto& name : dimensions_of(answer)) text += (text.empty() ? "" : ", ") + key_text(group, name);
  return text;
}

std::string group_tables(const Json& answer, const TableLook& look) {
  const auto dimensions = dimensions_of(answer);
  std::string text;
  for (const auto& kind : group_table_list()) text += (text.empty() ? "" : "\n") + group_table(answer, kind, dimensions, look);
  return text;
}

}  // namespace capmap
