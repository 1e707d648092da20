// Owners, trunk links and one site as pages.
#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/places.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::size_t kLabelWidth = 36;

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.is_number() ? value.dump() : "–";
}

std::string member_text(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) ? value_text(object[key]) : "–";
}

}  // namespace

std::string owners_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"NAME", kLeft}, {"CLASS", kLeft}, {"SITES"}});
  for (const Json& owner : list_at(answer, "owners")) {
    const auto sites = number_at(owner, "sites");
    table.add({member_text(owner, "name"), member_text(owner, "owner_class"), sites ? count_text(*sites) : "–"});
  }
  return table.text(look);
}

std::string links_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"NAME", kLeft}, {"FROM", kLeft}, {"TO", kLeft}, {"GBIT/S"}, {"KM"}, {"MS"}});
  for (const Json& link : list_at(answer, "links")) {
    const auto count = [&link](const char* key) {
      const auto number = number_at(link, key);
      return number ? count_text(*number) : std::string("–");
    };
    table.add({member_text(link, "name"), member_text(link, "from"), member_text(link, "to"), count("gbps"), count("km"),
               member_text(link, "ms")});
  }
  return table.text(look);
}

std::string site_text(const Json& answer, const std::string& name_or_id) {
  for (const Json& site : list_at(answer, "sites")) {
    if (text_at(site, "name") != name_or_id && text_at(site, "id") != name_or_id) continue;
    std::string page;
    for (const auto& [name, value] : site.items()) {
      if (name == "declared") continue;
      if (!value.is_object() || value.empty()) page += labelled(name, value_text(value), kLabelWidth);
      if (!value.is_object()) continue;
      for (const auto& [member, inner] : value.items()) page += labelled(name + "." + member, value_text(inner), kLabelWidth);
    }
    for (const auto& [name, value] : object_at(site, "declared").items()) {
      if (!value.is_object()) page += labelled("declared." + name, value_text(value), kLabelWidth);
    }
    for (const auto& [model, count] : object_at(object_at(site, "declared"), kDeclaredModels).items()) {
      page += labelled("declared accelerators", value_text(count) + " " + model, kLabelWidth);
    }
    return page + labelled("coordinates", text_at(answer, "coordinates").value_or("–"), kLabelWidth);
  }
  return {};
}

Result<Done> show_site(const ApiConnection& connection, const Screen& screen, const std::string& name_or_id, bool exact) {
  const auto answer = exact ? api_get_as_admin(connection, "/v1/sites") : api_get(connection, "/v1/sites");
  if (!answer) return answer.error();
  const auto page = site_text(*answer, name_or_id);
  if (page.empty()) return Error{ErrorCode::kAbsent, "no site is called \"" + name_or_id + "\"; see capmapctl sites list"};
  if (!screen.json) {
    screen.out << page;
    return Done{};
  }
  for (const Json& site : list_at(*answer, "sites")) {
    if (text_at(site, "name") == name_or_id || text_at(site, "id") == name_or_id) screen.out << site.dump() << "\n";
  }
  return Done{};
}

Result<Done> list_owners(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get(connection, "/v1/owners");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : owners_text(*answer, screen.look));
  return Done{};
}

Result<Done> list_links(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get(connection, "/v1/links");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : links_text(*answer, screen.look));
  return Done{};
}

}  // namespace capmap
