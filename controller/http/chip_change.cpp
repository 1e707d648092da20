// An operator's own rows of the chip table: what they change, and that they are in force.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "controller/http/chips_json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kRateMs = 30'000;  ///< all kinds of hardware that a map may have, rated anew

Result<ChangeChips> read_change(const std::string& body) {
  const auto object = BodyObject::parse(body, {"table", "rows", "replace", "dry_run", "expect", "read_anew"});
  if (!object) return object.error();
  const auto table = object->text("table"), rows = object->text("rows"), expect = object->text("expect");
  const auto replace = object->truth("replace"), dry_run = object->truth("dry_run"), read_anew = object->truth("read_anew");
  for (const auto* text : {&table, &rows, &expect}) {
    if (!*text) return text->error();
  }
  for (const auto* truth : {&replace, &dry_run, &read_anew}) {
    if (!*truth) return truth->error();
  }
  ChangeChips change{.view = nullptr,
                     .rows = rows->value_or(""),
                     .replace = replace->value_or(false),
                     .dry_run = dry_run->value_or(false),
                     .expect = expect->value_or("")};
  if (read_anew->value_or(false)) {
    if (*table || *rows || *replace) return Error{ErrorCode::kMalformed, "read_anew: takes neither table nor rows"};
    return change;
  }
  const auto found = std::ranges::find(kChipFileNames, table->value_or(""), [](const char* name) { return std::string_view(name); });
  if (found == kChipFileNames.end()) return Error{ErrorCode::kMalformed, "table: must be one of cpus, cpu_skus, accelerators, pci_names"};
  if (!*rows) return Error{ErrorCode::kMalformed, "rows: must be CSV with the titles of that table"};
  change.file = static_cast<ChipFile>(found - kChipFileNames.begin());
  return change;
}

Outcome change_answer(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<AdminAnswer>(answer).what;
  if (const auto* error = std::get_if<Error>(&what)) {
    return error->code == ErrorCode::kFull && error->what.starts_with("rows:")
               ? problem_response({.status = 400, .word = "too-many-rows", .detail = error->what})
               : error_response(*error);
  }
  const auto* const changed = std::get_if<ChipsChanged>(&what);
  if (changed == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not of chips"});
  if (changed->others) {
    return problem_response({.status = 409,
                             .word = "changes-differ",
                             .detail = "the rows would change something else by now than what was shown: look at them again"},
                            chips_changed_json(*changed));
  }
  return json_response(chips_changed_json(*changed));
}

}  // namespace

Outcome get_own_chips(const Call& call) {
  if (!call.view->chips) return problem_response({.status = 503, .word = "no-chips", .detail = "this controller has no chip table"});
  Json tables = Json::array();
  for (std::size_t i = 0; i < kChipFileCount; ++i) {
    const auto& rows = call.view->chips->own()[i];
    tables.push_back({{"table", kChipFileNames[i]},
                      {"row_count", std::max<std::ptrdiff_t>(std::ranges::count(rows, '\n') - 1, 0)},
                      {"rows", text_or_null(rows)}});
  }
  return json_response({{"catalog", call.view->chips->version()}, {"tables", std::move(tables)}});
}

Outcome post_chips(const Call& call) {
  auto change = read_change(call.request.body);
  if (!change) return error_response(change.error());
  if (!call.view->chips) return problem_response({.status = 503, .word = "no-chips", .detail = "this controller has no chip table"});
  change->view = call.view;
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(*change)}, .then = change_answer, .limit_ms = kRateMs};
}

}  // namespace capmap
