#include "controller/ctl/node_notes.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/pages.hpp"
#include "controller/ctl/text_table.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {
namespace {

using Json = ApiJson;
using Kind = NotedQuestion::Kind;

/// A value as a cell: texts as they are, numbers in digits; empty where there is none.
std::string value_text(const Json& row, const char* at) {
  const Json::json_pointer place(at);
  if (!row.is_structured() || !row.contains(place) || row.at(place).is_null()) return {};
  const Json& value = row.at(place);
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// How a kind is asked for, what it lists, and by which figure the worst is told.
struct Form {
  const char* path;
  const char* list;
  const char* figure;
};

Form form_of(Kind kind) {
  switch (kind) {
    case Kind::kFlapping: return {"/v1/nodes/flapping", "nodes", "/returns/count"};
    case Kind::kLostUpdates: return {"/v1/nodes/lost-updates", "nodes", "/lost/of_last"};
    case Kind::kSkew: return {"/v1/nodes/skew", "nodes", "/clock_skew_ms"};
    case Kind::kVersions: break;
  }
  return {"/v1/nodes/versions", "groups", "/nodes/installed"};
}

double figure_of(const Json& row, const char* at) {
  const Json::json_pointer place(at);
  if (!row.is_structured() || !row.contains(place) || !row.at(place).is_number()) return 0;
  return std::abs(row.at(place).get<double>());
}

std::vector<Json> worst_first(const Json& answer, const Form& form) {
  std::vector<Json> rows;
  for (const Json& row : list_at(answer, form.list)) rows.push_back(row);
  std::ranges::stable_sort(rows, std::greater<>{}, [&form](const Json& row) { return figure_of(row, form.figure); });
  return rows;
}

std::string or_unknown(std::string text) {
  return text.empty() ? "unknown" : text;
}

/// How far the clock is off, "+" where it is ahead of ours.
std::string skew_text(const Json& row) {
  const auto text = value_text(row, "/clock_skew_ms");
  const bool behind = text.starts_with('-');
  const auto ms = parse_wide(behind ? std::string_view(text).substr(1) : std::string_view(text));
  return ms ? (behind ? "-" : "+") + age_text(static_cast<std::uint64_t>(*ms)) : "unknown";
}

void add_rows(TextTable& table, const std::vector<Json>& rows, Kind kind) {
  for (const Json& row : rows) {
    const auto at = [&row](const char* place) { return or_unknown(value_text(row, place)); };
    switch (kind) {
      case Kind::kVersions:
        table.add({at("/key/agent_version"), at("/key/os"), at("/key/kernel"), at("/nodes/installed"), at("/nodes/fresh")});
        break;
      case Kind::kFlapping: {
        const Json& times = list_at(object_at(row, "returns"), "times");
        const auto last = times.empty() || !times.back().is_string() ? std::string("unknown") : times.back().get<std::string>();
        table.add({at("/id"), at("/hostname"), at("/site/name"), at("/liveness"), at("/returns/count"), last});
        break;
      }
      case Kind::kLostUpdates:
        table.add(
            {at("/id"), at("/hostname"), at("/site/name"), at("/liveness"), at("/lost/of_last"), at("/lost/total"), at("/lost/last_gap")});
        break;
      case Kind::kSkew: table.add({at("/id"), at("/hostname"), at("/site/name"), at("/liveness"), skew_text(row)}); break;
    }
  }
}

std::vector<TextTable::Column> titles_of(Kind kind) {
  using enum TextTable::Align;
  if (kind == Kind::kVersions) return {{"AGENT", kLeft, true}, {"OS", kLeft}, {"KERNEL", kLeft}, {"NODES"}, {"FRESH"}};
  std::vector<TextTable::Column> titles = {{"ID", kLeft, true}, {"HOSTNAME", kLeft}, {"SITE", kLeft}, {"LIVENESS", kLeft, true}};
  const auto add = [&titles](std::initializer_list<TextTable::Column> more) { titles.insert(titles.end(), more); };
  if (kind == Kind::kFlapping) add({{"RETURNS"}, {"LAST", kLeft, true}});
  if (kind == Kind::kLostUpdates) add({{"OF 128"}, {"IN ALL"}, {"LAST GAP", kLeft, true}});
  if (kind == Kind::kSkew) add({{"CLOCK"}});
  return titles;
}

}  // namespace

std::string noted_text(const Json& answer, Kind kind, bool terminal) {
  TextTable table(titles_of(kind));
  const auto rows = worst_first(answer, form_of(kind));
  add_rows(table, rows, kind);
  if (!rows.empty()) return table.text(terminal);
  return kind == Kind::kVersions ? "no nodes\n" : "no node does\n";
}

Result<Done> list_noted(const ApiConnection& connection, const Screen& screen, const NotedQuestion& question) {
  const auto form = form_of(question.kind);
  std::string path = std::string(form.path) + "?limit=1000";
  const auto add = [&path](const char* name, const std::string& text) {
    if (!text.empty()) path += std::string("&") + name + "=" + url_escaped(text);
  };
  add("filter", question.filter);
  if (question.kind != Kind::kVersions) add("site", question.site);
  if (question.kind == Kind::kFlapping) {
    add("times", std::to_string(question.times));
    add("window_s", std::to_string(question.window_s));
  }
  if (question.kind == Kind::kLostUpdates) add("least", std::to_string(question.least));
  if (question.kind == Kind::kSkew) add("least_ms", std::to_string(question.least_ms));
  if (question.csv) return api_print_csv(connection, path, screen.out);
  const auto answer = api_get_pages(connection, path, form.list);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << noted_text(*answer, question.kind, screen.terminal);
  }
  return Done{};
}

}  // namespace capmap
