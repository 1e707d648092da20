#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"

namespace capmap {

/// What the resources about joining and keys share.

/// Lists that tell an attacker whom to pretend to be are for admins alone: the problem of who is none.
std::optional<HttpResponse> refuse_others(const Call& call);

/// Asks the store thread, and makes the response of what it did; its refusals become problems.
template <class Told, class Make>
Outcome ask_joining(JoiningRequest request, Make make) {
  return Ask{.question = AdminRequest{.ticket = 0, .what = std::move(request)}, .then = [make](const Answer& answer) -> Outcome {
               if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
               const auto& what = std::get<AdminAnswer>(answer).what;
               if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
               const auto* done = std::get_if<JoiningDone>(&what);
               const auto* told = done == nullptr ? nullptr : std::get_if<Told>(&done->what);
               if (told == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was another"});
               return make(*told);
             }};
}

}  // namespace capmap
