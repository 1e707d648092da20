#include "controller/ctl/orders.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

std::map<std::string, std::string> site_names(const Json& sites) {
  std::map<std::string, std::string> names;
  for (const Json& site : list_at(sites, "sites")) {
    const auto id = text_at(site, "id").value_or("");
    names[id] = text_at(site, "name").value_or(id);
  }
  return names;
}

/// The id of the one pool that is meant.
Result<std::string> pool_id(const ApiConnection& connection, const GroupOrder& order) {
  if (order.name.starts_with("p-") && order.name.size() == 28) return order.name;
  const auto pools = api_get(connection, "/v1/pools");
  if (!pools) return pools.error();
  const auto sites = api_get(connection, "/v1/sites");
  if (!sites) return sites.error();
  auto names = site_names(*sites);
  std::string found;
  for (const Json& pool : list_at(*pools, "pools")) {
    const auto site = text_at(pool, "site").value_or("");
    if (text_at(pool, "name") != order.name || (!order.at.empty() && site != order.at && names[site] != order.at)) continue;
    if (!found.empty()) {
      return Error{ErrorCode::kMalformed, "several sites have a pool \"" + order.name + "\": say --site, or its p-… id"};
    }
    found = text_at(pool, "id").value_or("");
  }
  if (found.empty()) return Error{ErrorCode::kAbsent, "no pool is called \"" + order.name + "\"; see capmapctl pools list"};
  return found;
}

std::string order_text(const Json& service) {
  auto text = text_at(service, "state").value_or("");
  if (text.empty()) return "–";
  if (const auto from = text_at(service, "from")) text += " from " + *from;
  if (const auto until = text_at(service, "until")) text += " until " + *until;
  if (const auto why = text_at(service, "reason")) text += ": " + *why;
  return text;
}

}  // namespace

Result<Done> order_group(const ApiConnection& connection, const Screen& screen, const GroupOrder& order) {
  auto path = "/v1/sites/" + url_escaped(order.name) + "/service";
  if (order.pool) {
    const auto id = pool_id(connection, order);
    if (!id) return id.error();
    path = "/v1/pools/" + *id + "/service";
  }
  Json body = {{"state", order.order.state}};
  for (const auto& [name, text] :
       {std::pair{"reason", &order.order.reason}, std::pair{"from", &order.order.from}, std::pair{"until", &order.order.until}}) {
    if (!text->empty()) body[name] = *text;
  }
  const auto answer = api_post(connection, path, body);
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump()
                             : printable((order.pool ? "pool " : "site ") + order.name + ": " + order_text(object_at(*answer, "service")) +
                                         ", with all nodes there and those that come"))
             << "\n";
  return Done{};
}

std::string pools_text(const Json& pools, const Json& sites, bool terminal) {
  using enum TextTable::Align;
  TextTable table({{"NAME", kLeft}, {"SITE", kLeft}, {"CLASS", kLeft, true}, {"SERVICE", kLeft}, {"ID", kLeft, true}});
  auto names = site_names(sites);
  for (const Json& pool : list_at(pools, "pools")) {
    table.add({text_at(pool, "name").value_or("–"), names[text_at(pool, "site").value_or("")], text_at(pool, "compute_class").value_or("–"),
               order_text(object_at(pool, "service_order")), text_at(pool, "id").value_or("?")});
  }
  return table.text(terminal);
}

Result<Done> list_pools(const ApiConnection& connection, const Screen& screen) {
  const auto pools = api_get(connection, "/v1/pools");
  if (!pools) return pools.error();
  if (screen.json) {
    screen.out << pools->dump() << "\n";
    return Done{};
  }
  const auto sites = api_get(connection, "/v1/sites");
  if (!sites) return sites.error();
  screen.out << pools_text(*pools, *sites, screen.terminal);
  return Done{};
}

Result<Done> add_pool(const ApiConnection& connection, const Screen& screen, const std::string& site, const std::string& name,
                      const std::string& compute_class) {
  Json body = {{"site", site}, {"name", name}};
  if (!compute_class.empty()) body["compute_class"] = compute_class;
  const auto answer = api_post(connection, "/v1/pools", body);
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() : "added pool " + printable(name) + " (" + text_at(*answer, "id").value_or("?") + ")")
             << "\n";
  return Done{};
}

Result<Done> move_node(const ApiConnection& connection, const Screen& screen, const NodeMove& move) {
  const auto path = node_path(connection, move.node);
  if (!path) return path.error();
  Json body = {{"site", move.site}};
  if (!move.pool.empty()) body["pool"] = move.pool;
  const auto answer = api_post(connection, *path + "/site", body);
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump()
                             : printable(move.node + " stands at " + move.site + (move.pool.empty() ? "" : ", in pool " + move.pool)))
             << "\n";
  return Done{};
}

Result<Done> label_node(const ApiConnection& connection, const Screen& screen, const std::string& node,
                        const std::vector<std::string>& labels) {
  Json put = Json::object();
  for (const auto& label : labels) {
    const auto equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::kMalformed, "\"" + label + "\" is no label: KEY=VALUE puts one, KEY= takes it back"};
    }
    put[label.substr(0, equals)] = label.substr(equals + 1);
  }
  const auto path = node_path(connection, node);
  if (!path) return path.error();
  const auto answer = api_post(connection, *path + "/labels", {{"labels", std::move(put)}});
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
    return Done{};
  }
  const Json& all = object_at(*answer, "admin_labels");
  screen.out << printable(node) << ":";
  for (const auto& [key, value] : all.items())
    screen.out << " " << printable(key + "=" + (value.is_string() ? value.get<std::string>() : "?"));
  screen.out << (all.empty() ? " has no labels of an admin\n" : "\n");
  return Done{};
}

}  // namespace capmap
