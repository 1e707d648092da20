// SQL over the live map: one statement and its rows, and what can be asked.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/csv_table.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/sql/sql_guard.hpp"
#include "controller/sql/sql_words.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kWaitMs = 5'000;  ///< for a worker, beside the time of the statement itself
constexpr std::size_t kNearBytes = 40;
const std::string kTablesPrefix = "tables.";

Result<SqlQuestion> read_question(const Call& call) {
  const auto object = BodyObject::parse(call.request.body, {"sql", "rows", "ms", kTablesPrefix + "*"});
  if (!object) return object.error();
  const auto sql = object->text("sql");
  if (!sql) return sql.error();
  if (!*sql) return Error{ErrorCode::kMalformed, "sql: a statement is needed; GET /v1/sql tells what can be asked"};
  const auto rows = object->number("rows", 1, kMostSqlRows);
  if (!rows) return rows.error();
  const auto ms = object->number("ms", 1, kMostSqlMs);
  if (!ms) return ms.error();
  SqlQuestion question{.sql = **sql, .principal = call.asker->principal, .exact = call.by_admin};
  question.most_rows = static_cast<std::uint32_t>(rows->value_or(kDefaultSqlRows));
  question.most_ms = static_cast<std::uint32_t>(ms->value_or(kMostSqlMs));
  question.csv = wants_csv(call.request);
  for (const auto& name : object->names_below(kTablesPrefix)) {
    const auto csv = object->text((kTablesPrefix + name).c_str());
    if (!csv) return csv.error();
    question.tables.emplace_back(name, csv->value_or(""));
  }
  return question;
}

int status_of(const SqlRefusal& refusal) {
  if (refusal.word == "unavailable") return 503;
  return refusal.word == "refused-sql" || refusal.word == "sql-limit" ? 422 : 400;
}

HttpResponse refusal_response(const SqlRefusal& refusal, const std::string& sql) {
  Json more = Json::object();
  if (!refusal.limit.empty()) more["limit"] = refusal.limit;
  if (refusal.place) {
    const auto place = place_in(sql, *refusal.place);
    more["line"] = place.line;
    more["column"] = place.column;
    more["near"] = sql.substr(std::min(*refusal.place, sql.size()), kNearBytes);
  }
  return problem_response({.status = status_of(refusal), .word = refusal.word, .detail = refusal.detail, .known = refusal.known}, more);
}

Json head_json(const SqlAnswer& answer, const Principal& principal) {
  Json by_row = Json::array();
  for (const auto& [words, make] : sql_tables()) {
    if (!words.one_moment && std::ranges::find(answer.read, words.name) != answer.read.end()) by_row.push_back(words.name);
  }
  Json head = {{"revision", answer.revision},
               {"epoch", hex_text(answer.epoch)},
               {"at", rfc3339_ms(answer.at_unix_ms)},
               {"read", answer.read},
               {"read_row_by_row", std::move(by_row)},
               {"elapsed_ms", answer.elapsed_ms},
               {"memory_bytes", answer.memory_bytes},
               {"row_count", answer.count},
               {"truncated", answer.cut},
               {"columns", answer.columns}};
  if (principal.scoped()) head["scope"] = scope_text(principal);
  return head;
}

HttpResponse answer_response(const SqlAnswer& answer, bool csv, const Principal& principal) {
  HttpResponse response;
  if (csv) {
    response.content_type = "text/csv; charset=utf-8; header=present";
    response.body = answer.rows;
    response.headers.emplace_back("X-Capmap-Truncated", answer.cut ? "true" : "false");
  } else {
    response.body = json_text(head_json(answer, principal));
    response.body.pop_back();
    response.body += ",\"rows\":" + answer.rows + "}";
  }
  return response;
}

}  // namespace

Outcome post_sql(const Call& call) {
  auto question = read_question(call);
  if (!question) return error_response(question.error());
  const auto limit_ms = question->most_ms + kWaitMs;
  return Ask{.question = SqlJob{.ticket = 0, .question = *question},
             .then = [sql = question->sql, csv = question->csv, asker = call.asker](const Answer& answer) -> Outcome {
               const auto* const done = std::get_if<SqlDone>(&answer);
               if (done == nullptr) return error_response(std::get<Error>(answer));
               if (const auto* const refusal = std::get_if<SqlRefusal>(&done->what)) return refusal_response(*refusal, sql);
               return answer_response(std::get<SqlAnswer>(done->what), csv, asker->principal);
             },
             .limit_ms = limit_ms};
}

Outcome get_sql(const Call&) {
  Json tables = Json::array();
  for (const auto& table : sql_reference()) {
    Json columns = Json::array();
    for (const auto& column : table.columns) {
      columns.push_back({{"name", column.name}, {"type", column.type}, {"what", text_or_null(column.what)}, {"key", column.key}});
    }
    tables.push_back(
        {{"name", table.words.name}, {"what", table.words.what}, {"one_moment", table.words.one_moment}, {"columns", std::move(columns)}});
  }
  Json examples = Json::array();
  for (const auto& example : sql_examples()) examples.push_back({{"what", example.what}, {"sql", example.sql}});
  return json_response({{"tables", std::move(tables)},
                        {"functions", SqlGuard::functions()},
                        {"examples", std::move(examples)},
                        {"limits",
                         {{"sql_bytes", kMaxSqlBytes},
                          {"ms", kMostSqlMs},
                          {"rows", kMostSqlRows},
                          {"default_rows", kDefaultSqlRows},
                          {"answer_bytes", kMostSqlAnswerBytes},
                          {"memory_bytes", kMostSqlMemoryBytes},
                          {"tables", kMostAttachedTables}}}});
}

}  // namespace capmap
