// What is declared of one site, changed column by column: shown first where it is asked for, then done.
#include <nlohmann/json.hpp>
#include <utility>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/record_json.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

using End = SiteEdited::End;

Json edited_json(const SiteEdited& edited) {
  Json changes = Json::array();
  for (const auto& change : edited.changes) {
    changes.push_back({{"field", change.column}, {"old", text_or_null(change.before)}, {"new", text_or_null(change.after)}});
  }
  return {{"applied", edited.end == End::kApplied},
          {"digest", edited.digest},
          {"changes", std::move(changes)},
          {"site", site_json(edited.site, true)}};
}

Outcome edited_answer(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<AdminAnswer>(answer).what;
  if (const auto* edited = std::get_if<SiteEdited>(&what)) {
    if (edited->end != End::kOtherThanShown) return json_response(edited_json(*edited));
    return problem_response({.status = 409,
                             .word = "site-changed-since",
                             .detail = "what would be changed now is not what was expected: somebody else has changed the site since; "
                                       "nothing was changed, ask again with dry_run"},
                            edited_json(*edited));
  }
  const auto* error = std::get_if<Error>(&what);
  if (error == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not a site"});
  if (error->code != ErrorCode::kDenied) return error_response(*error);
  return problem_response({.status = 409, .word = "site-exists", .detail = error->what});
}

/// A text, a number as it was written, yes or no.
Result<std::string> text_of(const BodyObject& object, const std::string& name) {
  if (const auto text = object.text(name.c_str()); text) return text->value_or("");
  if (const auto truth = object.truth(name.c_str()); truth) return std::string(truth->value_or(false) ? "yes" : "no");
  const auto number = object.decimal(name.c_str());
  if (!number)
    return Error{ErrorCode::kMalformed, name + ": must be a text, a number, true or false; an empty text takes back what was declared"};
  return number->value_or("");
}

}  // namespace

Outcome post_site_change(const Call& call) {
  const std::string below = "fields.";
  const auto object = BodyObject::parse(call.request.body, {below + "*", "dry_run", "expect"});
  if (!object) return error_response(object.error());
  EditSite edit{.site = call.path_value, .texts = {}, .regions = call.view == nullptr ? nullptr : call.view->regions};
  for (const auto& name : object->names_below(below)) {
    auto text = text_of(*object, below + name);
    if (!text) return error_response(text.error());
    edit.texts.emplace_back(name, std::move(*text));
  }
  if (edit.texts.empty()) {
    return error_response(
        {ErrorCode::kMalformed, "fields: must name at least one column of a site and its text, {\"fields\":{\"pue\":\"1.25\"}}"});
  }
  const auto dry_run = object->truth("dry_run");
  if (!dry_run) return error_response(dry_run.error());
  const auto expect = object->text("expect");
  if (!expect) return error_response(expect.error());
  edit.dry_run = dry_run->value_or(false);
  edit.expect = expect->value_or("");
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(edit)}, .then = edited_answer};
}

}  // namespace capmap
