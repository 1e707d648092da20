#include "controller/ctl/region_import.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/region_files.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::size_t kMostLines = 20;  ///< of each kind of change

std::string line_of(const Json& change) {
  std::string line = "  " + text_at(change, "code").value_or("?");
  for (const char* key : {"name", "before", "now", "region"}) {
    if (const auto text = text_at(change, key)) line += (key == std::string_view("now") && change.contains("before") ? " ▶ " : " ") + *text;
  }
  return printable(line) + "\n";
}

void add_kind(std::string& text, const Json& answer, const char* kind, const std::string& title) {
  const Json& changes = object_at(answer, kind);
  const auto count = number_at(changes, "count").value_or(0);
  if (count == 0) return;
  text += title + ": " + std::to_string(count) + "\n";
  const Json& shown = list_at(changes, "shown");
  const auto lines = std::min(shown.size(), kMostLines);
  for (std::size_t i = 0; i < lines; ++i) text += line_of(shown[i]);
  if (count > lines) text += "  … and " + std::to_string(count - lines) + " more (--json shows up to 1,000)\n";
}

Result<Done> confirm(const Screen& screen, std::uint32_t year) {
  if (!screen.terminal)
    return Error{ErrorCode::kDenied, "a list of regions is put in force as a whole: look with --dry-run, then say --yes"};
  screen.out << "put the list of " << year << " in force? Type yes: " << std::flush;
  std::string word;
  if (std::getline(std::cin, word) && word == "yes") return Done{};
  return Error{ErrorCode::kDenied, "nothing was changed"};
}

Json body_of(const std::vector<ListedRegion>& rows, const RegionImportRequest& request) {
  Json regions = Json::array();
  for (const auto& row : rows) {
    Json region = {{"code", row.code}, {"name", row.name}};
    if (!row.name_en.empty()) region["name_en"] = row.name_en;
    regions.push_back(std::move(region));
  }
  return {{"year", request.year}, {"dry_run", true}, {"regions", std::move(regions)}};
}

}  // namespace

std::string import_text(const Json& answer) {
  std::string text;
  add_kind(text, answer, "added", "added");
  add_kind(text, answer, "renamed", "renamed");
  add_kind(text, answer, "gone", "gone");
  add_kind(text, answer, "sites_not_listed", "sites whose code is not in the list (they stay)");
  return text;
}

Result<Done> import_regions(const ApiConnection& connection, const Screen& screen, const RegionImportRequest& request) {
  const auto rows = read_region_files(request.files);
  if (!rows) return rows.error();
  Json body = body_of(*rows, request);
  const auto looked = api_post(connection, "/v1/regions", body);
  if (!looked) return looked.error();
  const bool changes = looked->contains("changed") && (*looked)["changed"] == true;
  const auto year = std::to_string(request.year);
  if (!screen.json) screen.out << import_text(*looked);
  if (request.dry_run || !changes) {
    if (screen.json) {
      screen.out << looked->dump() << "\n";
    } else {
      screen.out << (changes ? "nothing was changed: --dry-run\n" : "the list of " + year + " is in force already, nothing changes\n");
    }
    return Done{};
  }
  if (!request.yes) {
    if (auto sure = confirm(screen, request.year); !sure) return sure;
  }
  body["dry_run"] = false;
  const auto answer = api_post(connection, "/v1/regions", body);
  if (!answer) return answer.error();
  if (screen.json) {
    screen.out << answer->dump() << "\n";
  } else {
    screen.out << "the list of " << year << " is in force: " << plural(rows->size(), "region") << "\n";
  }
  return Done{};
}

}  // namespace capmap
