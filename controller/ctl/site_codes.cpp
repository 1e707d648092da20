#include "controller/ctl/site_codes.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {

Result<Done> code_site(const ApiConnection& connection, const Screen& screen, const std::string& name_or_id, const SiteCodes& codes) {
  const std::string zones = kPoolZones, object = zones.substr(0, zones.size() - 1);
  ApiJson body = ApiJson::object();
  for (const auto& [name, code] : codes) {
    if (name.starts_with(zones)) {
      body[object][name.substr(zones.size())] = code;
    } else {
      body[name] = code;
    }
  }
  const auto answer = api_post(connection, "/v1/sites/" + url_escaped(name_or_id) + "/codes", body);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << "site " << printable(name_or_id) << (codes.empty() ? " has no codes any more\n" : " has these codes from now on\n");
  }
  return Done{};
}

}  // namespace capmap
