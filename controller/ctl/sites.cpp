#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/store/columns.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

Json declared_json(const DeclaredCapacity& declared) {
  Json body = Json::object();
  for (std::size_t i = 0; i < kDeclaredCount; ++i) {
    if (declared.figures[i]) body[kDeclaredNames[i]] = std::to_string(*declared.figures[i]);
  }
  for (const auto& [model, count] : declared.accelerators_by_model) body[kDeclaredModels][model] = count;
  return body;
}

Json site_json(const Site& site) {
  Json body = {{"name", site.name}};
  const auto put = [&body](const char* key, const std::string& value) {
    if (!value.empty()) body[key] = value;
  };
  put("region", site.region);
  put("owner", site.owner);
  put("owner_class", site.owner_class);
  put("filing_number", site.filing_number);
  for (const char* name : {"latitude", "longitude", "pue"}) put(name, site_column(name)->text(site));
  put("compute_class", site.compute_class);
  put("service", site.service);
  put("hub", site.hub);
  put("hub_cluster", site.hub_cluster);
  put("industry", site.industry);
  if (site.public_compute) body["public_compute"] = *site.public_compute;
  if (site.security_level) body["security_level"] = *site.security_level;
  if (site.green_share_permille) body["green_share"] = *site.green_share_permille;
  if (!site.declared.empty()) body["declared"] = declared_json(site.declared);
  return body;
}

}  // namespace

std::string sites_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"ID", kLeft, true},
                   {"NAME", kLeft},
                   {"REGION", kLeft},
                   {"OWNER", kLeft},
                   {"CLASS", kLeft},
                   {"SERVICE", kLeft},
                   {"LEVEL"},
                   {"HUB", kLeft},
                   {"INDUSTRY", kLeft}});
  for (const Json& site : list_at(answer, "sites")) {
    const auto declared = [&site](const char* key) { return text_at(site, key).value_or("–"); };
    const auto level = number_at(site, "security_level");
    table.add({declared("id"), declared("name"), declared("region"), declared("owner_class"), declared("compute_class"),
               declared("service"), level ? count_text(*level) : "–", declared("hub"), declared("industry")});
  }
  return table.text(look);
}

Result<Done> list_sites(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get(connection, "/v1/sites");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : sites_text(*answer, screen.look));
  return Done{};
}

Result<Done> add_site(const ApiConnection& connection, const Screen& screen, const Site& site) {
  const auto answer = api_post(connection, "/v1/sites", site_json(site));
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << "site " << printable(site.name) << " added (" << printable(text_at(*answer, "id").value_or("id unknown")) << ")\n";
  }
  return Done{};
}

Result<Done> declare_site(const ApiConnection& connection, const Screen& screen, const std::string& name_or_id,
                          const DeclaredCapacity& declared) {
  const auto answer = api_post(connection, "/v1/sites/" + url_escaped(name_or_id) + "/declared", declared_json(declared));
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else if (declared.empty()) {
    screen.out << "site " << printable(name_or_id) << " declares nothing any more\n";
  } else {
    screen.out << "site " << printable(name_or_id) << " declared; capmapctl map --measure declared sets it beside what is installed\n";
  }
  return Done{};
}

}  // namespace capmap
