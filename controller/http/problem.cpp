#include "controller/http/problem.hpp"

#include <nlohmann/json.hpp>

#include "controller/http/json.hpp"

namespace capmap {
namespace {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kMalformed: return 400;
    case ErrorCode::kDenied: return 403;
    case ErrorCode::kAbsent: return 404;
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kTimeout: return 504;
    case ErrorCode::kFull: return 507;
  }
  return 500;
}

}  // namespace

const char* status_words(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: return "Error";
  }
}

HttpResponse problem_response(const ProblemDetails& problem) {
  return problem_response(problem, Json::object());
}

HttpResponse problem_response(const ProblemDetails& problem, const Json& more) {
  Json body = {{"type", "urn:capmap:problem:" + problem.word},
               {"title", status_words(problem.status)},
               {"status", problem.status},
               {"detail", problem.detail}};
  if (!problem.known.empty()) body["known"] = problem.known;
  if (!problem.allowed.empty()) body["allowed"] = problem.allowed;
  body.update(more);
  HttpResponse response{.status = problem.status, .content_type = "application/problem+json", .body = json_text(body), .headers = {}};
  if (problem.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse error_response(const Error& error) {
  return problem_response({.status = status_of(error.code), .word = to_word(error.code), .detail = error.what});
}

}  // namespace capmap
