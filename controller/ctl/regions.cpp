#include <nlohmann/json.hpp>
#include <ostream>

#include "common/region_table.hpp"
#include "controller/ctl/commands.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

bool is_empty(const Json& region) {
  return number_at(region, "sites").value_or(0) == 0;
}

std::string regions_text(const Json& answer, bool all, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"CODE", kLeft, true},
                   {"NAME", kLeft},
                   {"ENGLISH", kLeft},
                   {"HUB", kLeft},
                   {"CLUSTER", kLeft},
                   {"SITES"},
                   {"INSTALLED"},
                   {"HEALTHY"},
                   {"AVAILABLE"}});
  const auto add = [&table](const Json& region, const std::string& code, const std::string& name) {
    const auto said = [&region](const char* key) { return text_at(region, key).value_or("–"); };
    const Json nodes = region.is_object() && region.contains("nodes") ? region["nodes"] : Json::object();
    const auto count = [](const Json& of, const char* key) {
      const auto number = number_at(of, key);
      return number ? count_text(*number) : std::string("–");
    };
    table.add({code, name, said("name_en"), said("hub"), said("hub_cluster"), count(region, "sites"), count(nodes, "installed"),
               count(nodes, "healthy"), count(nodes, "available")});
  };
  for (const Json& region : list_at(answer, "regions")) {
    const auto code = text_at(region, "code").value_or("–");
    const bool division = code.size() == kDivisionDigits;
    if (all || division || !is_empty(region)) add(region, code, text_at(region, "name").value_or("–"));
  }
  if (answer.contains("undeclared") && !is_empty(answer["undeclared"])) add(answer["undeclared"], "–", "not declared");
  return table.text(look);
}

}  // namespace

Result<Done> list_regions(const ApiConnection& connection, const Screen& screen, bool all) {
  const auto answer = api_get(connection, "/v1/regions");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : regions_text(*answer, all, screen.look));
  return Done{};
}

}  // namespace capmap
