// Who changed what, and whether the log of it is whole.
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/access_json.hpp"
#include "controller/http/csv_table.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kDefaultLimit = 100, kMaxLimit = 1'000;
constexpr std::size_t kHashCharacters = 64;

Json entry_json(const AuditLine& line) {
  const auto& entry = line.entry;
  return {{"number", line.number},
          {"at", rfc3339_ms(entry.at_unix_ms)},
          {"who", entry.who},
          {"what", entry.what},
          {"subject", text_or_null(entry.subject)},
          {"detail", text_or_null(entry.detail)},
          {"origin", text_or_null(entry.origin)},
          {"hash", line.hash}};
}

HttpResponse page_csv(const AuditPage& page) {
  CsvText table({"number", "at", "who", "what", "subject", "detail", "origin", "hash"});
  for (const auto& line : page.lines) {
    const auto& entry = line.entry;
    table.add({std::to_string(line.number), rfc3339_ms(entry.at_unix_ms), entry.who, entry.what, entry.subject, entry.detail, entry.origin,
               line.hash});
  }
  auto response = csv_response(table);
  if (page.next) response.headers.emplace_back("X-Capmap-Next", std::to_string(*page.next));
  return response;
}

HttpResponse page_json(const AuditPage& page) {
  Json entries = Json::array();
  for (const auto& line : page.lines) entries.push_back(entry_json(line));
  return json_response({{"entries", std::move(entries)}, {"next", page.next ? Json(std::to_string(*page.next)) : Json(nullptr)}});
}

Result<AuditQuestion> read_question(const Target& target) {
  AuditQuestion question;
  if (const auto since = parameter(target, "since")) {
    const auto time = parse_rfc3339("since", *since);
    if (!time) return time.error();
    question.since_unix_ms = *time;
  }
  question.who = parameter(target, "who").value_or("");
  question.what = parameter(target, "what").value_or("");
  const auto limit = parse_count("limit", parameter(target, "limit").value_or(std::to_string(kDefaultLimit)), 1, kMaxLimit);
  if (!limit) return limit.error();
  question.limit = *limit;
  if (const auto cursor = parameter(target, "cursor")) {
    const auto before = parse_count("cursor", *cursor, 0, INT64_MAX);
    if (!before) return before.error();
    question.before = *before;
  }
  return question;
}

/// "N:HASH", as an earlier check told it.
Result<AuditHead> read_head(const std::string& text) {
  const auto colon = text.find(':');
  const auto number = parse_count("expect", text.substr(0, colon), 1, INT64_MAX);
  if (!number || colon == std::string::npos || text.size() != colon + 1 + kHashCharacters) {
    return Error{ErrorCode::kMalformed, "expect: must be NUMBER:HASH, as head of an earlier answer said it"};
  }
  return AuditHead{.number = *number, .hash = text.substr(colon + 1)};
}

Json head_json(const AuditHead& head) {
  return head.number == 0 ? Json(nullptr) : Json(std::to_string(head.number) + ":" + head.hash);
}

Outcome go_on(AuditCheck so_far);

Outcome take_step(const Answer& answer) {
  const auto* const check = wanted_of<AuditCheck>(answer);
  if (check == nullptr) return failure_of(answer);
  if (!check->done) return go_on(*check);
  return json_response({{"whole", check->broken.empty()},
                        {"broken", text_or_null(check->broken)},
                        {"entries", check->reached.number},
                        {"head", head_json(check->reached)},
                        {"head_kept_apart", check->apart ? head_json(*check->apart) : Json(nullptr)}});
}

/// Some thousand entries at a time: changes and joins go on between them.
Outcome go_on(AuditCheck so_far) {
  return Ask{.question = AdminRequest{.ticket = 0, .what = CheckAudit{std::move(so_far)}}, .then = take_step};
}

}  // namespace

Outcome get_audit(const Call& call) {
  auto question = read_question(call.target);
  if (!question) return error_response(question.error());
  return Ask{.question = AdminRequest{.ticket = 0, .what = AskAudit{std::move(*question)}},
             .then = [csv = wants_csv(call.request)](const Answer& answer) -> Outcome {
               const auto* const page = wanted_of<AuditPage>(answer);
               if (page == nullptr) return failure_of(answer);
               return csv ? page_csv(*page) : page_json(*page);
             }};
}

Outcome get_audit_check(const Call& call) {
  AuditCheck check;
  if (const auto expect = parameter(call.target, "expect")) {
    const auto head = read_head(*expect);
    if (!head) return error_response(head.error());
    check.witnesses.push_back(*head);
  }
  return go_on(std::move(check));
}

}  // namespace capmap
