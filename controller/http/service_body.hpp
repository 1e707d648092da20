#pragma once
#include <string>
#include <utility>

#include "controller/http/json.hpp"
#include "controller/http/problem.hpp"

namespace capmap {

/// A service order as a body tells it: state, reason, from, until. Errors: kMalformed.
Result<ServiceOrder> read_service_order(const std::string& body);

/// The response of a change that the store has carried out or refused.
template <class Changed, class Make>
Outcome ask_store(AdminRequest request, Make make) {
  return Ask{.question = std::move(request), .then = [make](const Answer& answer) -> Outcome {
               if (const auto* error = std::get_if<Error>(&answer)) return error_response(*error);
               const auto& what = std::get<AdminAnswer>(answer).what;
               if (const auto* error = std::get_if<Error>(&what)) return error_response(*error);
               const auto* changed = std::get_if<Changed>(&what);
               if (changed == nullptr) return problem_response({.status = 500, .word = "wrong-answer", .detail = "the answer was another"});
               return make(*changed);
             }};
}

}  // namespace capmap
