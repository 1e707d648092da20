#include "controller/ctl/joining.hpp"

#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

#include "common/time_text.hpp"
#include "common/transport.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

std::string said(const ApiJson& object, const char* key) {
  return text_at(object, key).value_or("–");
}

}  // namespace

Result<std::uint64_t> parse_end(const std::string& text, std::uint64_t now_unix_ms) {
  if (const auto lasts = parse_duration_ms(text)) return now_unix_ms + *lasts;
  for (const char* form : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    const auto seconds = timegm(&parts);
    if (seconds <= 0 || static_cast<std::uint64_t>(seconds) * 1'000 <= now_unix_ms) {
      return Error{ErrorCode::kMalformed, "\"" + text + "\" is past"};
    }
    return static_cast<std::uint64_t>(seconds) * 1'000;
  }
  return Error{ErrorCode::kMalformed, "\"" + text + "\": 90s, 30m, 24h, 7d (at most 365d), 2026-12-01 or 2026-12-01T08:00:00Z are taken"};
}

std::string pending_text(const ApiJson& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"ID", kLeft, true},
                   {"HOST", kLeft},
                   {"FROM", kLeft, true},
                   {"SITE", kLeft},
                   {"TOKEN", kLeft},
                   {"ASKED", kLeft, true},
                   {"", kLeft}});
  for (const auto& node : list_at(answer, "nodes")) {
    const bool rejected = flag_at(node, "rejected");
    table.add({said(node, "id"), said(node, "hostname"), said(node, "address"), said(node, "site"), said(node, "token"),
               said(node, "asked_at"), rejected ? "rejected" : ""});
  }
  const auto count = number_at(answer, "count").value_or(0);
  std::string text = count == 0 ? "nobody waits to be let in\n" : table.text(look);
  if (count > list_at(answer, "nodes").size()) text += "and " + count_text(count - list_at(answer, "nodes").size()) + " more\n";
  for (const auto& rule : list_at(answer, "rules")) {
    text += "rule " + std::to_string(number_at(rule, "number").value_or(0)) + ": whoever asks from " + printable(said(rule, "from")) +
            (text_at(rule, "site") ? " into site " + printable(said(rule, "site")) : "") + " is approved until " +
            printable(said(rule, "until")) + "\n";
  }
  return text;
}

namespace {

std::string server_text(const ApiJson& server) {
  const auto number = [&server](const char* key) { return count_text(number_at(server, key).value_or(0)); };
  std::string text = "server key  " + printable(said(server, "public_key")) + " since " + printable(said(server, "since")) + "\n";
  const auto phase = said(server, "phase");
  const auto port = "port " + std::to_string(number_at(server, "other_port").value_or(0));
  if (const auto next = text_at(server, "next_public_key")) {
    text += "next key    " + printable(*next) + " on " + port + " since " + printable(said(server, "phase_since")) + "\n";
  }
  if (const auto old = text_at(server, "old_public_key")) {
    text += "old key     " + printable(*old) + (phase == "both" ? " on " + port + " until " + printable(said(server, "phase_until")) : "") +
            "\n";
  }
  if (phase == "learning" || phase == "leaving") {
    text += "of " + number("enrolled") + " enrolled, " + number("heard_know_other_key") + " know the next key and " +
            number("enrolled_not_known_to_know") + " are not known to; " + number("heard") + " report now\n";
  }
  if (phase == "learning") {
    text += "it takes the old one's place after " + printable(said(server, "phase_until")) +
            " once all that report know it, or with keys rotate --server --finish\n";
  }
  if (phase == "leaving" || phase == "returning") {
    text += "the keys are changing roles: " + number("on_message_port") + " on the message port, " + number("on_other_port") + " on " +
            port + "\n";
  }
  if (const auto problem = text_at(server, "problem")) text += "PROBLEM     " + printable(*problem) + "\n";
  return text;
}

}  // namespace

std::string keys_text(const ApiJson& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"REVOKED KEY", kLeft, true}, {"OF", kLeft, true}, {"AT", kLeft, true}, {"REASON", kLeft}});
  for (const auto& key : list_at(answer, "revoked")) {
    table.add({said(key, "public_key"), said(key, "owner"), said(key, "revoked_at"), said(key, "reason")});
  }
  const auto count = number_at(answer, "revoked_count").value_or(0), shown = std::uint64_t{list_at(answer, "revoked").size()};
  std::string text = count == 0 ? "no key is revoked\n" : table.text(look);
  if (answer.contains("server") && answer["server"].is_object()) text = server_text(answer["server"]) + text;
  if (count > shown) text += "and " + count_text(count - shown) + " more\n";
  if (const auto changing = number_at(answer, "nodes_changing").value_or(0); changing > 0) {
    text += plural(changing, "node") + " on the way to another key\n";
  }
  if (const auto changing = number_at(answer, "children_changing").value_or(0); changing > 0) {
    text += plural(changing, "child controller") + " on the way to another key\n";
  }
  return text;
}

Result<Done> list_pending(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get_as_admin(connection, "/v1/nodes/pending");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : pending_text(*answer, screen.look));
  return Done{};
}

Result<Done> decide_pending(const ApiConnection& connection, const Screen& screen, const std::vector<std::string>& ids, bool approve) {
  Result<Done> outcome = Done{};
  for (const auto& id : ids) {
    const auto answer =
        api_post(connection, "/v1/nodes/pending/" + url_escaped(id) + (approve ? "/approve" : "/reject"), ApiJson::object());
    if (!answer) {
      if (outcome) outcome = Error{answer.error().code, id + ": " + answer.error().what};
    } else if (screen.json) {
      screen.out << answer->dump() << "\n";
    } else {
      screen.out << (approve ? "approved " : "rejected ") << printable(id) << "\n";
    }
  }
  return outcome;
}

Result<Done> add_rule(const ApiConnection& connection, const Screen& screen, const RuleRequest& request) {
  ApiJson body = {{"from", request.from}, {"until", rfc3339_text(request.until_unix_ms)}};
  if (!request.site.empty()) body["site"] = request.site;
  const auto answer = api_post(connection, "/v1/nodes/pending/rules", body);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << "rule " << number_at(*answer, "number").value_or(0) << ": whoever asks from " << printable(said(*answer, "from"))
               << " is approved until " << printable(said(*answer, "until"))
               << "; approved of those that wait: " << number_at(*answer, "approved").value_or(0) << "\n";
  }
  return Done{};
}

Result<Done> remove_rule(const ApiConnection& connection, const Screen& screen, std::uint64_t number) {
  const auto answer = api_delete(connection, "/v1/nodes/pending/rules/" + std::to_string(number));
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : "removed rule " + std::to_string(number) + "; whom it approved stays\n");
  return Done{};
}

Result<Done> list_keys(const ApiConnection& connection, const Screen& screen) {
  const auto answer = api_get_as_admin(connection, "/v1/keys");
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : keys_text(*answer, screen.look));
  return Done{};
}

Result<Done> rotate_keys(const ApiConnection& connection, const Screen& screen, const std::string& whose, bool all) {
  ApiJson body = {{"all", true}};
  if (!all && whose.starts_with("c-")) {
    body = {{"child", whose}};
  } else if (!all) {
    const auto path = node_path(connection, whose);
    if (!path) return path.error();
    body = {{"node", path->substr(path->rfind('/') + 1)}};
  }
  const auto answer = api_post(connection, "/v1/keys/rotate", body);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << (all ? "all that are connected are" : printable(whose) + " is") << " asked for another key with the next message\n";
  }
  return Done{};
}

Result<Done> rotate_server_key(const ApiConnection& connection, const Screen& screen, bool finish, bool force) {
  ApiJson body = {{"server", true}, {"finish", finish}};
  if (force) body["force"] = true;
  const auto answer = api_post(connection, "/v1/keys/rotate", body);
  if (!answer) return answer.error();
  screen.out << (screen.json ? answer->dump() + "\n" : answer->contains("server") ? server_text((*answer)["server"]) : std::string());
  return Done{};
}

Result<Done> revoke_key(const ApiConnection& connection, const Screen& screen, const std::string& whose, const std::string& reason) {
  ApiJson body = {{"reason", reason}};
  if (is_z85_key(whose)) {
    body["public_key"] = whose;
  } else if (whose.starts_with("c-")) {
    body["owner"] = whose;
  } else {
    const auto path = node_path(connection, whose);
    if (!path) return path.error();
    body["owner"] = path->substr(path->rfind('/') + 1);
  }
  const auto answer = api_post(connection, "/v1/keys/revoke", body);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
    return Done{};
  }
  for (const auto& key : list_at(*answer, "revoked")) {
    screen.out << "revoked " << printable(said(key, "public_key")) << " of " << printable(text_at(key, "owner").value_or("nobody")) << "\n";
  }
  screen.out << "it is never let in again; a machine comes back with: capmap-agent join --new-key TOKEN\n";
  return Done{};
}

}  // namespace capmap
