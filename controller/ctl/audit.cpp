#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/access.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::uint32_t kPageEntries = 1'000;
constexpr std::size_t kMaxPages = 100'000;

std::string path_of(const AuditRequest& request, std::uint32_t limit, const std::string& cursor) {
  std::string path = "/v1/audit?limit=" + std::to_string(limit);
  for (const auto& [name, text] : {std::pair{"since", &request.since}, std::pair{"who", &request.who}, std::pair{"what", &request.what}}) {
    if (!text->empty()) path += std::string("&") + name + "=" + url_escaped(*text);
  }
  return cursor.empty() ? path : path + "&cursor=" + url_escaped(cursor);
}

/// Pages until there are `limit` entries, or no more.
Result<Json> read_audit(const ApiConnection& connection, const AuditRequest& request) {
  Json entries = Json::array();
  std::string cursor;
  for (std::size_t page = 0; page < kMaxPages; ++page) {
    const auto wanted = std::min(request.limit - static_cast<std::uint32_t>(entries.size()), kPageEntries);
    const auto answer = api_get_as_admin(connection, path_of(request, wanted, cursor));
    if (!answer) return answer.error();
    for (const Json& entry : list_at(*answer, "entries")) {
      if (entries.size() < request.limit) entries.push_back(entry);
    }
    const auto next = text_at(*answer, "next");
    if (!next || entries.size() >= request.limit) break;
    cursor = *next;
  }
  return Json({{"entries", std::move(entries)}});
}

}  // namespace

std::string audit_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table(
      {{"NUMBER"}, {"AT", kLeft, true}, {"WHO", kLeft}, {"WHAT", kLeft, true}, {"SUBJECT", kLeft}, {"DETAIL", kLeft}, {"FROM", kLeft}});
  for (const Json& entry : list_at(answer, "entries")) {
    table.add({std::to_string(number_at(entry, "number").value_or(0)), text_at(entry, "at").value_or("unknown").substr(0, 19),
               text_at(entry, "who").value_or(""), text_at(entry, "what").value_or(""), text_at(entry, "subject").value_or(""),
               text_at(entry, "detail").value_or(""), text_at(entry, "origin").value_or("")});
  }
  return table.text(look);
}

namespace {

std::string audit_csv(const Json& answer) {
  std::string text = "number,at,who,what,subject,detail,origin,hash\r\n";
  for (const Json& entry : list_at(answer, "entries")) {
    text += std::to_string(number_at(entry, "number").value_or(0));
    for (const char* name : {"at", "who", "what", "subject", "detail", "origin", "hash"}) {
      text += "," + csv_field(text_at(entry, name).value_or(""));
    }
    text += "\r\n";
  }
  return text;
}

}  // namespace

Result<Done> show_audit(const ApiConnection& connection, const Screen& screen, const AuditRequest& request) {
  const auto answer = read_audit(connection, request);
  if (!answer) return answer.error();
  if (request.csv) {
    screen.out << audit_csv(*answer);
    return Done{};
  }
  screen.out << (screen.json ? answer->dump() + "\n" : audit_text(*answer, screen.look));
  return Done{};
}

Result<Done> verify_audit(const ApiConnection& connection, const Screen& screen, const AuditRequest& request) {
  const auto answer =
      api_get_as_admin(connection, "/v1/audit/verify" + (request.expect.empty() ? "" : "?expect=" + url_escaped(request.expect)));
  if (!answer) return answer.error();
  if (screen.json) screen.out << answer->dump() << "\n";
  if (const auto broken = text_at(*answer, "broken")) return Error{ErrorCode::kMalformed, "the audit was tampered with: " + *broken};
  if (!answer->contains("whole") || (*answer)["whole"] != true)
    return Error{ErrorCode::kMalformed, "the controller's answer tells nothing"};
  if (screen.json) return Done{};
  const auto head = text_at(*answer, "head");
  screen.out << "the audit is whole: " << count_text(number_at(*answer, "entries").value_or(0)) << " entries"
             << (text_at(*answer, "head_kept_apart") ? ", and it goes on from where the head kept apart says it went" : "") << "\n";
  if (head) screen.out << "keep this elsewhere, and hand it to the next check with --expect: " << printable(*head) << "\n";
  return Done{};
}

}  // namespace capmap
