#include "controller/ctl/doubles.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string_view>
#include <utility>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/map_figures.hpp"
#include "controller/ctl/pages.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::size_t kMinute = sizeof("2026-11-22T21:00") - 1;

std::string site_of(const Json& side) {
  const Json& site = object_at(side, "site");
  return text_at(site, "name").value_or(text_at(site, "id").value_or(""));
}

std::string alike_of(const Json& pair) {
  std::string words;
  for (const Json& word : list_at(pair, "alike")) {
    if (word.is_string()) words += (words.empty() ? "" : " ") + word.get<std::string>();
  }
  return words;
}

bool left_out(const Json& pair) {
  return flag_at(pair, "left_out");
}

}  // namespace

std::string doubles_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"NODE", kLeft, true},
                   {"HOSTNAME", kLeft},
                   {"SITE", kLeft},
                   {"LIVENESS", kLeft, true},
                   {"STATE", kLeft, true},
                   {"ALIKE", kLeft, true},
                   {"SINCE", kLeft, true}});
  const Json& pairs = list_at(answer, "doubles");
  for (const Json& pair : pairs) {
    for (const char* name : {"node", "other"}) {
      const bool first = name == std::string_view("node");
      const Json& side = object_at(pair, name);
      const auto state = first ? text_at(pair, "state").value_or("unknown") : left_out(pair) ? "counts alone" : "";
      const auto since = first ? text_at(pair, "since").value_or("") : "";
      table.add({text_at(side, "id").value_or("unknown"), text_at(side, "hostname").value_or("unknown"), site_of(side),
                 text_at(side, "liveness").value_or("unknown"), state, first ? alike_of(pair) : "", since.substr(0, kMinute)});
    }
  }
  std::string text = table.text(look) + plural(count_at(answer, "suspected_nodes"), "node") + " may be counted twice, two lines a pair; " +
                     plural(count_at(answer, "left_out_nodes"), "node") + " left out as the same machine as another\n";
  if (answer.contains("complete") && answer["complete"] == false) text += "there are more pairs than are listed: settle these first\n";
  if (!pairs.empty()) text += "capmapctl nodes doubles confirm NODE --same-as OTHER, or dismiss NODE OTHER\n";
  return text;
}

std::string doubles_csv(const Json& answer) {
  std::string text = "state,node,hostname,site,liveness,other,other_hostname,other_site,other_liveness,alike,left_out,since,settled\r\n";
  for (const Json& pair : list_at(answer, "doubles")) {
    const Json &node = object_at(pair, "node"), &other = object_at(pair, "other");
    const std::array fields = {text_at(pair, "state").value_or(""),
                               text_at(node, "id").value_or(""),
                               text_at(node, "hostname").value_or(""),
                               site_of(node),
                               text_at(node, "liveness").value_or(""),
                               text_at(other, "id").value_or(""),
                               text_at(other, "hostname").value_or(""),
                               site_of(other),
                               text_at(other, "liveness").value_or(""),
                               alike_of(pair),
                               std::string(left_out(pair) ? "true" : "false"),
                               text_at(pair, "since").value_or(""),
                               text_at(pair, "settled").value_or("")};
    for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : ",") + csv_field(fields[i]);
    text += "\r\n";
  }
  return text;
}

Result<Done> list_doubles(const ApiConnection& connection, const Screen& screen, bool csv) {
  const auto answer = api_get_pages(connection, "/v1/doubles?limit=1000", "doubles");
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << (csv ? doubles_csv(*answer) : doubles_text(*answer, screen.look));
  }
  return Done{};
}

Result<Done> settle_double(const ApiConnection& connection, const Screen& screen, const DoubleSettlement& settlement) {
  ApiJson body = ApiJson::object();
  body["same"] = settlement.same;
  for (const auto& [name, node] : {std::pair{"node", &settlement.node}, std::pair{"other", &settlement.other}}) {
    const auto path = node_path(connection, *node);
    if (!path) return path.error();
    body[name] = path->substr(path->rfind('/') + 1);
  }
  const auto answer = api_post(connection, "/v1/doubles", body);
  if (!answer) return answer.error();
  const auto node = body["node"].get<std::string>(), other = body["other"].get<std::string>();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else if (settlement.same) {
    screen.out << node << ": is " << other << " under another key, and in no total while that one stands in the map\n";
  } else {
    screen.out << node << " and " << other << ": two machines; both count\n";
  }
  return Done{};
}

}  // namespace capmap
