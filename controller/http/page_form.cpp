#include "controller/http/page_form.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "controller/http/csv_table.hpp"

namespace capmap {
namespace {

std::string field_text(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return json_text(value);
  std::string text;
  for (const auto& each : value) text += (text.empty() ? "" : "; ") + field_text(each);
  return text;
}

}  // namespace

PageForm::PageForm(const Call& call) : csv_(wants_csv(call.request)), target_(call.target) {}

HttpResponse PageForm::response(const Json& answer, const char* rows, std::span<const PageColumn> columns) const {
  auto made = json_response(Json());
  if (!csv_) {
    made = json_response(answer);
  } else {
    std::vector<std::string> titles;
    for (const auto& column : columns) titles.emplace_back(column.title);
    CsvText table(titles);
    for (const auto& row : answer.at(rows)) {
      std::vector<std::string> fields;
      for (const auto& column : columns) fields.push_back(field_text(row.value(Json::json_pointer(column.at), Json())));
      table.add(fields);
    }
    made = csv_response(table);
    if (const auto& next = answer.at("next"); !next.is_null()) {
      made.headers.emplace_back("Link", next_link(target_, next.get<std::string>()));
    }
  }
  made.headers.emplace_back("Vary", "Accept");
  return made;
}

}  // namespace capmap
