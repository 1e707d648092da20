// Descriptors of what stands at sites and pools, made by versioned tables: as JSON, and as CSV for who accepts that.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/map/descriptor_rows.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kMostSites = 100;  ///< a page; so that no answer holds the thread up for long
constexpr const char* kInferred =
    "no national standard of such identifiers is published yet (project 20265037-Z-907 is registered); the fields of this form, where one "
    "is "
    "cut from the next, and its units are inferred: see descriptors.csv of the catalog";

struct DescriptorQuestion {
  const DescriptorForm* form = nullptr;
  DescriptorEdition edition = DescriptorEdition::kTotal;
  std::size_t first = 0, limit = kMostSites;
  bool csv = false;
};

std::string encoder_of(const DescriptorForm& form) {
  return form.form + "/" + std::to_string(form.version);
}

/// True when text/csv stands in Accept, and no JSON.
bool wants_csv(const HttpRequest& request) {
  const auto accept = header(request, "accept").value_or("");
  return accept.find("text/csv") != std::string_view::npos && accept.find("json") == std::string_view::npos;
}

HttpResponse unknown_word(const char* parameter, std::vector<std::string> known) {
  std::string words;
  for (const auto& word : known) words += (words.empty() ? "" : ", ") + word;
  return problem_response({.status = 400,
                           .word = std::string("unknown-") + parameter,
                           .detail = std::string(parameter) + ": must be one of " + words,
                           .known = std::move(known)});
}

std::optional<HttpResponse> read_question(const Call& call, DescriptorQuestion& question) {
  const auto& table = *call.view->descriptors;
  question.form = table.find(parameter(call.target, "form").value_or(""));
  if (question.form == nullptr) {
    std::vector<std::string> forms;
    for (const auto& form : table.forms()) {
      if (forms.empty() || forms.back() != form.form) forms.push_back(form.form);
    }
    return unknown_word("form", std::move(forms));
  }
  const auto word = parameter(call.target, "edition").value_or("");
  const auto* const edition = std::ranges::find(kDescriptorEditionNames, word);
  if (edition == kDescriptorEditionNames.end()) {
    return unknown_word("edition", {kDescriptorEditionNames.begin(), kDescriptorEditionNames.end()});
  }
  question.edition = static_cast<DescriptorEdition>(edition - kDescriptorEditionNames.begin());
  const auto limit = parse_count("limit", parameter(call.target, "limit").value_or(std::to_string(kMostSites)), 1, kMostSites);
  if (!limit) return error_response(limit.error());
  const auto first = parse_count("cursor", parameter(call.target, "cursor").value_or("0"), 0, UINT32_MAX);
  if (!first) return error_response(first.error());
  question.limit = *limit;
  question.first = *first;
  question.csv = wants_csv(call.request);
  return std::nullopt;
}

Json used_json(const DescriptorValues& used) {
  Json out = Json::object();
  for (const auto& [name, value] : used) {
    out[name] = value.figure ? Json(decimal(*value.figure)) : value.text ? Json(*value.text) : Json(nullptr);
  }
  return out;
}

Json row_json(const DescriptorRow& row, const MapView& view) {
  const auto& site = *view.sites[row.site];
  const auto& descriptor = row.descriptor;
  Json pool = nullptr;
  if (row.pool != 0) pool = {{"id", to_text(view.pools[row.pool]->id)}, {"name", text_or_null(view.pools[row.pool]->name)}};
  return {{"site", {{"id", to_text(site.id)}, {"name", text_or_null(site.name)}}},
          {"pool", std::move(pool)},
          {"kind", text_or_null(row.kind)},
          {"descriptor", descriptor.text ? Json(*descriptor.text) : Json(nullptr)},
          {"reasons", descriptor.reasons},
          {"left_out", descriptor.left_out},
          {"incomplete", descriptor.incomplete},
          {"used", used_json(row.used)}};
}

/// What begins like a formula is none in a spreadsheet behind an apostrophe.
std::string csv_cell(std::string text) {
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) text.insert(0, "'");
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

std::string csv_text(const std::vector<DescriptorRow>& rows, const DescriptorQuestion& question, const MapView& view) {
  std::string text = "site,site_name,pool,pool_name,kind,descriptor,reasons,left_out,incomplete,encoder,edition,revision,as_of\r\n";
  const std::string tail = "," + encoder_of(*question.form) + "," + kDescriptorEditionNames[static_cast<std::size_t>(question.edition)] +
                           "," + std::to_string(view.revision) + "," + rfc3339_ms(view.at_unix_ms) + "\r\n";
  for (const auto& row : rows) {
    const auto& site = *view.sites[row.site];
    const auto* const pool = row.pool == 0 ? nullptr : view.pools[row.pool].get();
    text += to_text(site.id) + "," + csv_cell(site.name) + ",";
    if (pool != nullptr) text += to_text(pool->id);
    text += "," + csv_cell(pool == nullptr ? "" : pool->name) + "," + row.kind + "," + row.descriptor.text.value_or("");
    for (const auto* list : {&row.descriptor.reasons, &row.descriptor.left_out, &row.descriptor.incomplete})
      text += "," + csv_cell(joined(*list));
    text += tail;
  }
  return text;
}

Json answer_json(const Call& call, const DescriptorQuestion& question, const std::vector<DescriptorRow>& rows) {
  const MapView& view = *call.view;
  Json list = Json::array();
  for (const auto& row : rows) list.push_back(row_json(row, view));
  Json resyncing = nullptr;
  if (!view.resync_over)
    resyncing = {{"heard", view.known_nodes - std::min(view.known_nodes, view.resyncing_nodes)}, {"known", view.known_nodes}};
  return {{"revision", view.revision},
          {"epoch", hex_text(view.epoch)},
          {"at", rfc3339_ms(view.at_unix_ms)},
          {"age_ms", call.now_boot_ms - std::min(call.now_boot_ms, view.at_boot_ms)},
          {"catalog", view.catalog_version},
          {"resyncing", std::move(resyncing)},
          {"form", question.form->form},
          {"edition", kDescriptorEditionNames[static_cast<std::size_t>(question.edition)]},
          {"encoder", encoder_of(*question.form)},
          {"inferred", kInferred},
          {"rows", std::move(list)}};
}

}  // namespace

Outcome get_descriptors(const Call& call) {
  if (!call.view->descriptors) {
    return problem_response({.status = 503, .word = "no-descriptors", .detail = "this controller has no table of descriptors"});
  }
  DescriptorQuestion question;
  if (auto refused = read_question(call, question)) return *refused;
  const auto etag = revision_etag(*call.view);
  if (!question.csv) {
    if (auto same = not_modified(call, etag)) return *same;
  }
  const auto sites = sites_by_name(*call.view);
  const auto first = std::min(question.first, sites.size()), last = std::min(sites.size(), first + question.limit);
  const auto rows =
      descriptor_rows(*call.view, *question.form, question.edition, std::span(sites).subspan(first, last - first), call.now_boot_ms);
  const bool more = last < sites.size();
  HttpResponse response;
  if (question.csv) {
    response = {.status = 200, .content_type = "text/csv; charset=utf-8", .body = csv_text(rows, question, *call.view), .headers = {}};
    const std::string page = "/v1/export/descriptors?form=" + question.form->form +
                             "&edition=" + kDescriptorEditionNames[static_cast<std::size_t>(question.edition)] +
                             "&limit=" + std::to_string(question.limit);
    if (more) response.headers.emplace_back("Link", "<" + page + "&cursor=" + std::to_string(last) + ">; rel=\"next\"");
  } else {
    auto answer = answer_json(call, question, rows);
    answer["next"] = more ? Json(std::to_string(last)) : Json(nullptr);
    response = json_response(answer);
    response.headers.emplace_back("ETag", etag);
  }
  response.headers.emplace_back("Vary", "Accept");
  return response;
}

}  // namespace capmap
