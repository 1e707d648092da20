// Many records at once: what an import would change, and the change itself.
#include <nlohmann/json.hpp>

#include "controller/http/import_body.hpp"
#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {
namespace {

using End = ImportOutcome::End;

/// Room for a whole country on a slow disk, and still less than a connection may take.
constexpr std::uint64_t kImportMs = 25'000;

const char* name_of(RecordKind kind) {
  return kRecordKindNames[static_cast<std::size_t>(kind)];
}

Json counts_json(const ImportCounts& counts) {
  return {{"added", counts.added}, {"changed", counts.changed}, {"unchanged", counts.unchanged}};
}

Json change_json(const RecordChange& change) {
  Json fields = Json::array();
  for (const auto& field : change.fields) {
    fields.push_back({{"field", field.column}, {"old", text_or_null(field.before)}, {"new", text_or_null(field.after)}});
  }
  return {
      {"kind", name_of(change.kind)}, {"name", change.name}, {"change", change.added ? "added" : "changed"}, {"fields", std::move(fields)}};
}

Json move_json(const RecordChange& move) {
  return {{"name", move.name}, {"from", text_or_null(move.fields.front().before)}, {"to", text_or_null(move.fields.front().after)}};
}

Json outcome_json(const ImportOutcome& outcome) {
  Json out = {{"applied", outcome.end == End::kApplied}, {"digest", outcome.digest}};
  for (std::size_t i = 0; i < kRecordKindNames.size(); ++i) out[kRecordKindNames[i]] = counts_json(outcome.counts[i]);
  Json changes = Json::array(), moves = Json::array();
  for (const auto& change : outcome.changes) changes.push_back(change_json(change));
  for (const auto& move : outcome.moves) moves.push_back(move_json(move));
  out["changes"] = std::move(changes);
  out["changes_total"] = outcome.change_count;
  out["moves"] = std::move(moves);
  out["moves_total"] = outcome.move_count;
  return out;
}

HttpResponse faults_response(const ImportOutcome& outcome) {
  Json faults = Json::array();
  for (const auto& fault : outcome.faults) {
    faults.push_back({{"kind", name_of(fault.kind)}, {"row", fault.row}, {"name", text_or_null(fault.name)}, {"what", fault.what}});
  }
  const auto& first = outcome.faults.front();
  const std::string place = std::string(name_of(first.kind)) + "[" + std::to_string(first.row) + "]";
  return problem_response(
      {.status = 400,
       .word = "import-faults",
       .detail = place + ": " + first.what + (outcome.fault_count > 1 ? "; and more, see faults" : "") + "; nothing was changed"},
      {{"faults", std::move(faults)}, {"faults_total", outcome.fault_count}});
}

HttpResponse outcome_response(const ImportOutcome& outcome) {
  switch (outcome.end) {
    case End::kFaults: return faults_response(outcome);
    case End::kOtherThanShown:
      return problem_response({.status = 409,
                               .word = "import-overlaps",
                               .detail = "what would be changed now is not what was expected: somebody else has changed something since; "
                                         "nothing was changed, ask again with dry_run"},
                              outcome_json(outcome));
    case End::kMoves:
      return problem_response(
          {.status = 409,
           .word = "sites-move",
           .detail = std::to_string(outcome.move_count) +
                     " sites would come to another division, see moves; nothing was changed: say allow_move if they do"},
          outcome_json(outcome));
    case End::kShown:
    case End::kApplied: break;
  }
  return json_response(outcome_json(outcome));
}

Outcome import_answer(const Answer& answer) {
  if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
  const auto& what = std::get<AdminAnswer>(answer).what;
  if (const auto* done = std::get_if<ImportDone>(&what)) return outcome_response(*done->outcome);
  if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
  return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was not of an import"});
}

}  // namespace

Outcome post_import(const Call& call) {
  ImportRecords request{
      .body = call.request.body, .read = read_import_body, .regions = call.view == nullptr ? nullptr : call.view->regions};
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(request)}, .then = import_answer, .limit_ms = kImportMs};
}

}  // namespace capmap
