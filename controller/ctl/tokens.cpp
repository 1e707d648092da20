#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/joining.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {

Result<Done> create_token(const ApiConnection& connection, const Screen& screen, const TokenRequest& request) {
  const bool child = !request.child_sites.empty();
  ApiJson body = {{child ? "child_sites" : "site", child ? request.child_sites : request.site},
                  {"uses", request.uses},
                  {"expires_in_s", request.lifetime_ms / 1'000}};
  for (const auto& [name, text] : {std::pair{"name", &request.name}, {"pool", &request.pool}, {"from", &request.from}}) {
    if (!text->empty()) body[name] = *text;
  }
  if (request.approve != "auto") body["approve"] = request.approve;
  const auto answer = api_post(connection, "/v1/tokens", body);
  if (!answer) return answer.error();
  const auto token = text_at(*answer, "token");
  if (!token) return Error{ErrorCode::kMalformed, "the controller's answer holds no token"};
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else if (request.quiet) {
    screen.out << printable(*token) << "\n";
  } else if (child) {
    screen.out << printable(*token) << "\n"
               << "lets " << request.uses << (request.uses == 1 ? " child controller" : " child controllers") << " in, to speak for "
               << printable(request.child_sites) << ", within " << age_text(request.lifetime_ms) << "; shown this once\n";
  } else {
    screen.out << printable(*token) << "\n"
               << "lets " << request.uses << (request.uses == 1 ? " server" : " servers") << " into site " << printable(request.site)
               << (request.from.empty() ? "" : " from " + printable(request.from)) << " within " << age_text(request.lifetime_ms)
               << (request.approve == "manual" ? ", each once it is approved (capmapctl nodes pending)" : "")
               << "; shown this once. On the server:\n"
               << "  capmap-agent join TOKEN\n";
  }
  return Done{};
}

Result<Done> list_tokens(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get_as_admin(connection, "/v1/tokens");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : tokens_text(*answer, screen.look));
  return Done{};
}

std::string tokens_text(const ApiJson& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"ID", kLeft, true},
                   {"NAME", kLeft},
                   {"STATE", kLeft, true},
                   {"SITE", kLeft},
                   {"POOL", kLeft},
                   {"USES LEFT"},
                   {"EXPIRES", kLeft, true},
                   {"FROM", kLeft},
                   {"APPROVE", kLeft, true}});
  for (const auto& token : list_at(answer, "tokens")) {
    const auto said = [&token](const char* key) { return text_at(token, key).value_or("–"); };
    std::string from, sites;
    for (const auto& range : list_at(token, "from"))
      from += (from.empty() ? "" : ",") + (range.is_string() ? range.get<std::string>() : "?");
    const auto children = list_at(token, "child_sites").size();
    const auto uses = number_at(token, "uses"), left = number_at(token, "uses_left");
    table.add({said("id"), said("name"), said("state"), children > 0 ? "children of " + plural(children, "site") : said("site"),
               said("pool"), (left ? std::to_string(*left) : "–") + (uses ? "/" + std::to_string(*uses) : ""), said("expires_at"),
               from.empty() ? "–" : from, said("approve")});
  }
  return table.text(look);
}

Result<Done> revoke_token(const ApiConnection& connection, const Screen& screen, const std::string& name_or_id) {
  const auto answer = api_delete(connection, "/v1/tokens/" + url_escaped(name_or_id));
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << "revoked " << printable(text_at(*answer, "id").value_or(name_or_id)) << "; whom it let in stays\n";
  }
  return Done{};
}

}  // namespace capmap
