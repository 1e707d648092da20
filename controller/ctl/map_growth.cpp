#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/map_groups.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;
using Align = TextTable::Align;

struct Figure {
  const char* title;
  const char *family, *member;
  UnitText unit;
};
constexpr Figure kFigures[] = {{"NODES", "nodes", "installed", count_text},
                               {"CORES", "cpu", "cores", count_text},
                               {"MEMORY", "memory", "installed_bytes", memory_text},
                               {"ACCEL", "accelerators", "installed", count_text},
                               {"STORAGE", "storage", "installed_bytes", storage_text}};

/// "+1,024", "-3", "0"
std::string difference_text(const Json& then, const Json& now, const Figure& figure) {
  const auto before = amount_at(object_at(then, figure.family), figure.member).value_or(0);
  const auto after = amount_at(object_at(now, figure.family), figure.member).value_or(0);
  if (before == after) return "0";
  return after > before ? "+" + figure.unit(after - before) : "-" + figure.unit(before - after);
}

void add_row(TextTable& table, const std::string& name, const Json& then, const Json& now) {
  std::vector<std::string> row = {name};
  for (const auto& figure : kFigures) {
    row.push_back(figure.unit(amount_at(object_at(now, figure.family), figure.member).value_or(0)));
    row.push_back(difference_text(then, now, figure));
  }
  table.add(row);
}

std::string moment_of(const Json& answer) {
  return text_at(answer, "as_of").value_or(text_at(answer, "at").value_or("?"));
}

}  // namespace

std::string growth_text(const Json& then, const Json& now, const TableLook& look) {
  std::string text = "from " + printable(moment_of(then)) + " to " + printable(moment_of(now)) + ", both rated by chip table " +
                     printable(text_at(then, "chips").value_or("unknown")) + "; what is installed, and by how much it differs\n\n";
  std::vector<TextTable::Column> columns = {{"", Align::kLeft}};
  for (const auto& figure : kFigures) {
    columns.push_back({figure.title});
    columns.push_back({"±"});
  }
  TextTable table(columns);
  std::map<std::string, std::pair<Json, Json>> groups;  // by key: what it was, and is; a group that was not there is empty
  for (const Json& group : list_at(then, "groups")) groups[group_key_text(then, group)].first = group;
  for (const Json& group : list_at(now, "groups")) groups[group_key_text(now, group)].second = group;
  for (const auto& [name, sides] : groups) add_row(table, name, sides.first, sides.second);
  add_row(table, "total", object_at(then, "total"), object_at(now, "total"));
  return text + table.text(look);
}

Result<Done> show_growth(const ApiConnection& connection, const Screen& screen, const MapQuestion& question, const std::string& since) {
  MapQuestion before = question;
  before.at = since;
  const auto then = read_map(connection, before);
  if (!then) return then.error();
  const auto now = read_map(connection, question);
  if (!now) return now.error();
  if (screen.json) {
    screen.out << Json{{"then", *then}, {"now", *now}}.dump() << "\n";
  } else {
    screen.out << growth_text(*then, *now, screen.look);
  }
  return Done{};
}

}  // namespace capmap
