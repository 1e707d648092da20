#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/access.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

std::string joined(const Json& list, const char* word) {
  std::string text;
  for (const Json& each : list) {
    if (each.is_string()) text += (text.empty() ? "" : ", ") + (word + each.get<std::string>());
  }
  return text;
}

std::string scope_of(const Json& thing) {
  const Json& scope = object_at(thing, "scope");
  auto text = joined(list_at(scope, "regions"), "region ");
  const auto sites = joined(list_at(scope, "sites"), "");
  if (!sites.empty()) text += (text.empty() ? "" : ", ") + sites;
  return text.empty() ? "everything" : text;
}

/// "30d", or "never"; 0 = never.
Result<Done> put_expiry(Json& body, const std::string& expires) {
  if (expires.empty()) return Done{};
  if (expires == "never") {
    body["expires_in_s"] = 0;
    return Done{};
  }
  const auto lifetime_ms = parse_duration_ms(expires);
  if (!lifetime_ms) return lifetime_ms.error();
  body["expires_in_s"] = *lifetime_ms / 1'000;
  return Done{};
}

Result<Json> user_body(const UserRequest& request) {
  Json body = Json::object();
  if (!request.role.empty()) body["role"] = request.role;
  if (request.scope_changes || request.everything) {
    body["regions"] = request.everything ? "" : request.regions;
    body["sites"] = request.everything ? "" : request.sites;
  }
  if (auto put = put_expiry(body, request.expires); !put) return put.error();
  if (request.disable || request.enable) body["disabled"] = request.disable;
  if (request.no_password) body["password"] = "";
  if (!request.password) return body;
  const auto password = read_password("new password of " + request.name, true);
  if (!password) return password.error();
  body["password"] = *password;
  return body;
}

Result<Done> show_user(const Screen& screen, const Result<Json>& answer, const char* done) {
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    const bool disabled = answer->contains("disabled") && (*answer)["disabled"] == true;
    screen.out << done << " " << printable(text_at(*answer, "name").value_or("the user")) << ": "
               << printable(text_at(*answer, "role").value_or("unknown")) << ", " << printable(scope_of(*answer))
               << (disabled ? ", disabled" : "") << "\n";
  }
  return Done{};
}

}  // namespace

std::string users_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"NAME", kLeft, true},
                   {"ROLE", kLeft, true},
                   {"SCOPE", kLeft},
                   {"STATE", kLeft, true},
                   {"TOKENS"},
                   {"EXPIRES", kLeft, true},
                   {"LAST USED", kLeft, true}});
  for (const Json& user : list_at(answer, "users")) {
    const bool disabled = flag_at(user, "disabled");
    const bool password = flag_at(user, "has_password");
    table.add({text_at(user, "name").value_or("unknown"), text_at(user, "role").value_or("unknown"), scope_of(user),
               disabled   ? "disabled"
               : password ? "password"
                          : "no password",
               count_text(number_at(user, "api_tokens").value_or(0)), text_at(user, "expires_at").value_or("never").substr(0, 10),
               text_at(user, "last_used").value_or("never").substr(0, 13)});
  }
  return table.text(look);
}

Result<Done> list_users(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get_as_admin(connection, "/v1/users");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : users_text(*answer, screen.look));
  return Done{};
}

Result<Done> add_user(const ApiConnection& connection, const Screen& screen, const UserRequest& request) {
  auto body = user_body(request);
  if (!body) return body.error();
  (*body)["name"] = request.name;
  return show_user(screen, api_post(connection, "/v1/users", *body), "added");
}

Result<Done> edit_user(const ApiConnection& connection, const Screen& screen, const UserRequest& request) {
  const auto body = user_body(request);
  if (!body) return body.error();
  if (body->empty()) return Error{ErrorCode::kMalformed, "nothing to change was named; see capmapctl users edit --help"};
  return show_user(screen, api_post(connection, "/v1/users/" + url_escaped(request.name), *body), "changed");
}

Result<Done> change_password(const ApiConnection& connection, const Screen& screen) {
  const auto session = api_get(connection, "/v1/session");
  if (!session) return session.error();
  const auto user = text_at(*session, "user").value_or("");
  const auto before = read_password("password of " + user + " that stands", false);
  if (!before) return before.error();
  const auto after = read_password("new password of " + user, true);
  if (!after) return after.error();
  const auto answer =
      api_post(connection, "/v1/users/" + url_escaped(user) + "/password", {{"password", *before}, {"new_password", *after}});
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << "the password of " << printable(user) << " is changed; API tokens go on to work\n";
  }
  return Done{};
}

Result<Done> remove_user(const ApiConnection& connection, const Screen& screen, const UserRequest& request) {
  if (!request.yes) {
    if (!screen.terminal) return Error{ErrorCode::kDenied, "a user is removed with all API tokens: say --yes"};
    screen.out << "remove " << printable(request.name) << " and all their API tokens? Type yes: " << std::flush;
    std::string word;
    if (!std::getline(std::cin, word) || word != "yes") return Error{ErrorCode::kDenied, "nothing was removed"};
  }
  const auto answer = api_delete(connection, "/v1/users/" + url_escaped(request.name));
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << "removed " << printable(request.name) << " and " << plural(number_at(*answer, "api_tokens").value_or(0), "API token")
               << "\n";
  }
  return Done{};
}

Result<Done> make_api_token(const ApiConnection& connection, const Screen& screen, const ApiTokenRequest& request) {
  Json body = Json::object();
  for (const auto& [name, text] : {std::pair{"role", &request.role}, std::pair{"regions", &request.regions},
                                   std::pair{"sites", &request.sites}, std::pair{"label", &request.label}}) {
    if (!text->empty()) body[name] = *text;
  }
  if (auto put = put_expiry(body, request.expires); !put) return put;
  const auto answer = api_post(connection, "/v1/users/" + url_escaped(request.user) + "/tokens", body);
  if (!answer) return answer.error();
  const auto token = text_at(*answer, "token");
  if (!token) return Error{ErrorCode::kMalformed, "the controller's answer holds no token"};
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << printable(*token) << "\n";
    if (request.quiet) return Done{};
    screen.out << "API token " << printable(text_at(*answer, "id").value_or("")) << " of " << printable(request.user) << ": "
               << printable(text_at(*answer, "role").value_or("unknown")) << ", " << printable(scope_of(*answer)) << ", until "
               << printable(text_at(*answer, "expires_at").value_or("it is revoked")) << "; shown this once.\n"
               << "Keep it in a file of mode 0600 and name that with --token-file.\n";
  }
  return Done{};
}

Result<Done> list_api_tokens(const ApiConnection& connection, const Screen& screen, const std::string& user) {
  const auto answer = api_get_as_admin(connection, "/v1/api-tokens" + (user.empty() ? "" : "?user=" + url_escaped(user)));
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
    return Done{};
  }
  using enum TextTable::Align;
  TextTable table({{"ID", kLeft, true},
                   {"USER", kLeft},
                   {"ROLE", kLeft, true},
                   {"SCOPE", kLeft},
                   {"LABEL", kLeft},
                   {"EXPIRES", kLeft, true},
                   {"LAST USED", kLeft, true}});
  for (const Json& token : list_at(*answer, "api_tokens")) {
    table.add({text_at(token, "id").value_or("unknown"), text_at(token, "user").value_or("unknown"),
               text_at(token, "role").value_or("unknown"), scope_of(token), text_at(token, "label").value_or(""),
               text_at(token, "expires_at").value_or("never").substr(0, 10), text_at(token, "last_used").value_or("never").substr(0, 13)});
  }
  screen.out << table.text(screen.look);
  return Done{};
}

Result<Done> revoke_api_token(const ApiConnection& connection, const Screen& screen, const std::string& id) {
  const auto answer = api_delete(connection, "/v1/api-tokens/" + url_escaped(id));
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << "revoked API token " << printable(id) << " of " << printable(text_at(*answer, "user").value_or("unknown")) << "\n";
  }
  return Done{};
}

}  // namespace capmap
