#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/http_client.hpp"
#include "controller/ctl/site_codes.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

constexpr std::size_t kMostPages = 100'000;  ///< a controller that always has another page is none of ours

std::string joined(const Json& list) {
  std::string all;
  for (const Json& text : list) {
    if (text.is_string()) all += (all.empty() ? "" : "; ") + text.get<std::string>();
  }
  return all;
}

std::string csv_cell(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) text.insert(0, "'");
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

/// The columns of GET /v1/export/descriptors as text/csv.
std::string csv_text(const Json& answer) {
  std::string text = "site,site_name,pool,pool_name,kind,descriptor,reasons,left_out,incomplete,encoder,edition,revision,as_of\r\n";
  std::string tail;
  for (const char* key : {"encoder", "edition"}) tail += "," + csv_cell(text_at(answer, key).value_or(""));
  tail += "," + std::to_string(number_at(answer, "revision").value_or(0)) + "," + text_at(answer, "at").value_or("") + "\r\n";
  for (const Json& row : list_at(answer, "rows")) {
    const auto &site = object_at(row, "site"), &pool = object_at(row, "pool");
    std::string line;
    for (const auto& cell : {text_at(site, "id"), text_at(site, "name"), text_at(pool, "id"), text_at(pool, "name"), text_at(row, "kind"),
                             text_at(row, "descriptor")}) {
      line += csv_cell(cell.value_or("")) + ",";
    }
    line += csv_cell(joined(list_at(row, "reasons"))) + "," + csv_cell(joined(list_at(row, "left_out"))) + "," +
            csv_cell(joined(list_at(row, "incomplete")));
    text += line + tail;
  }
  return text;
}

/// All pages as one answer; of one revision, else what is exported would be no one moment.
Result<Json> all_pages(const ApiConnection& connection, const DescriptorQuestion& question) {
  const std::string path = "/v1/export/descriptors?form=" + url_escaped(question.form) + "&edition=" + question.edition;
  auto all = api_get(connection, path);
  for (std::size_t page = 1; all && page < kMostPages; ++page) {
    const auto next = text_at(*all, "next");
    if (!next) return all;
    const auto more = api_get(connection, path + "&cursor=" + *next);
    if (!more) return more.error();
    for (const Json& row : list_at(*more, "rows")) (*all)["rows"].push_back(row);
    if (number_at(*more, "revision") != number_at(*all, "revision")) (*all)["moved_on"] = number_at(*more, "revision").value_or(0);
    (*all)["next"] = more->contains("next") ? (*more)["next"] : Json(nullptr);
  }
  if (!all) return all.error();
  return Error{ErrorCode::kFull, "the controller always has another page"};
}

}  // namespace

std::string descriptors_text(const Json& answer, const TableLook& look) {
  using enum TextTable::Align;
  TextTable table({{"SITE", kLeft}, {"POOL", kLeft}, {"KIND", kLeft, true}, {"DESCRIPTOR", kLeft, true}});
  std::string notes;
  for (const Json& row : list_at(answer, "rows")) {
    const auto site = text_at(object_at(row, "site"), "name").value_or("–");
    const auto pool = text_at(object_at(row, "pool"), "name").value_or("–");
    const auto kind = text_at(row, "kind").value_or("–");
    table.add({site, pool, kind, text_at(row, "descriptor").value_or("none")});
    for (const char* key : {"reasons", "left_out", "incomplete"}) {
      const auto text = joined(list_at(row, key));
      const std::string label = key == std::string_view("reasons")    ? "no descriptor"
                                : key == std::string_view("left_out") ? "left out"
                                                                      : "incomplete";
      if (!text.empty()) notes += printable(site + (pool == "–" ? "" : ", " + pool) + ", " + kind + ": " + label + ": " + text) + "\n";
    }
  }
  std::string text = table.text(look) + notes;
  text += "encoder " + printable(text_at(answer, "encoder").value_or("?")) + ", revision " +
          std::to_string(number_at(answer, "revision").value_or(0)) + " as of " + printable(text_at(answer, "at").value_or("?")) + "\n";
  if (const auto later = number_at(answer, "moved_on")) text += "the map moved on meanwhile, to revision " + std::to_string(*later) + "\n";
  if (const auto inferred = text_at(answer, "inferred")) text += labelled("note", *inferred, 6) + "\n";
  return text;
}

Result<Done> export_descriptors(const ApiConnection& connection, const Screen& screen, const DescriptorQuestion& question) {
  const auto answer = all_pages(connection, question);
  if (!answer) return answer.error();
  screen.out << (question.csv ? csv_text(*answer) : screen.json ? answer->dump() + "\n" : descriptors_text(*answer, screen.look));
  return Done{};
}

}  // namespace capmap
