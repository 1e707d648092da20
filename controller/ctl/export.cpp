// Records of a controller as the CSV that an import takes.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "controller/ctl/places.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::string_view kDeclared = "declared.";

std::string decimal_text(double value) {
  std::array<char, 400> text{};  // the longest double has 309 digits before the point
  const int length = std::snprintf(text.data(), text.size(), "%.6f", value);
  std::string whole(text.data(), static_cast<std::size_t>(std::max(length, 0)));
  if (whole.find('.') == std::string::npos) return whole;
  whole.erase(whole.find_last_not_of('0') + 1);
  if (whole.ends_with('.')) whole.pop_back();
  return whole;
}

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_integer()) return value.dump();
  if (value.is_number_float()) return decimal_text(value.get<double>());
  return {};
}

std::string member_text(const Json& object, const std::string& name) {
  return object.is_object() && object.contains(name) ? value_text(object[name]) : std::string();
}

std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

template <class Texts>
void add_line(std::string& out, const Texts& texts) {
  bool first = true;
  for (const auto& text : texts) {
    out += (first ? "" : ",") + cell(text);
    first = false;
  }
  out += '\n';
}

/// "declared.accelerators_by_model.NAME" of all models that some site declares.
std::set<std::string> model_columns(const Json& sites) {
  std::set<std::string> columns;
  for (const Json& site : sites) {
    for (const auto& [model, count] : object_at(object_at(site, "declared"), kDeclaredModels).items()) {
      columns.insert(std::string(kDeclared) + kDeclaredModels + "." + model);
    }
  }
  return columns;
}

std::string site_cell(const Json& site, const std::string& column) {
  const std::string models = std::string(kDeclared) + kDeclaredModels + ".";
  const Json& declared = object_at(site, "declared");
  if (column.starts_with(models)) return member_text(object_at(declared, kDeclaredModels), column.substr(models.size()));
  if (column.starts_with(kDeclared)) return member_text(declared, column.substr(kDeclared.size()));
  return member_text(site, column);
}

}  // namespace

std::string records_csv(RecordKind kind, const Json& answer, const Json& sites) {
  const Json& rows = list_at(answer, kRecordKindNames[static_cast<std::size_t>(kind)]);
  auto columns = column_names(kind);
  if (kind == RecordKind::kSites) {
    const auto models = model_columns(rows);
    columns.insert(columns.end(), models.begin(), models.end());
  }
  std::map<std::string, std::string> site_names;  // of pools, which the API tells by id
  for (const Json& site : list_at(sites, "sites")) site_names[member_text(site, "id")] = member_text(site, "name");
  std::string out;
  add_line(out, columns);
  for (const Json& row : rows) {
    if (member_text(row, "name").empty()) continue;  // nodes stand there, but nobody has declared it
    std::vector<std::string> texts;
    for (const auto& column : columns) {
      const bool of_pool = kind == RecordKind::kPools && column == "site";
      texts.push_back(of_pool ? site_names[member_text(row, column)] : site_cell(row, column));
    }
    add_line(out, texts);
  }
  return out;
}

Result<Done> export_records(const ApiConnection& connection, const Screen& screen, RecordKind kind) {
  const std::string path = std::string("/v1/") + kRecordKindNames[static_cast<std::size_t>(kind)];
  const auto answer = kind == RecordKind::kSites ? api_get_as_admin(connection, path) : api_get(connection, path);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
    return Done{};
  }
  const auto sites = kind == RecordKind::kPools ? api_get(connection, "/v1/sites") : Result<Json>(Json());
  if (!sites) return sites.error();
  screen.out << records_csv(kind, *answer, *sites);
  return Done{};
}

}  // namespace capmap
