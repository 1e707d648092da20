#pragma once
#include <string>
#include <vector>

#include "common/result.hpp"
#include "controller/http/json.hpp"
#include "controller/http/message.hpp"

namespace capmap {

/// What went wrong, as a reader gets it (RFC 9457, application/problem+json).
struct ProblemDetails {
  int status = 500;
  std::string word;                       ///< what kind, stable: its type is "urn:capmap:problem:" + word
  std::string detail;                     ///< one sentence for a person: what, and what would be right
  std::vector<std::string> known = {};    ///< the words that would have been understood; left out when empty
  std::vector<std::string> allowed = {};  ///< the methods or media types taken here; left out when empty
};

HttpResponse problem_response(const ProblemDetails& problem);
/// With members of its own behind them.
HttpResponse problem_response(const ProblemDetails& problem, const Json& more);

/// The problem of an Error: kMalformed 400, kAbsent 404, kDenied 403, kTimeout 504, kUnavailable 503, kFull 507; its text is the detail.
HttpResponse error_response(const Error& error);

/// Standard words of a status ("Not Found"); "Error" for one that is not used here.
const char* status_words(int status);

}  // namespace capmap
