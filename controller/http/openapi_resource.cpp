// What the API says of itself.
#include "common/join_token.hpp"
#include "controller/http/api_docs.hpp"
#include "controller/http/resources.hpp"

namespace capmap {

extern const std::string kOpenApiText;  ///< schemas/openapi.yaml, as it was when this was built

namespace {

constexpr std::size_t kTagCharacters = 32;

HttpResponse fixed_text(const Call& call, const char* type, const std::string& text, const std::string& tag) {
  if (auto same = not_modified(call, tag)) return *same;
  HttpResponse response{.status = 200, .content_type = type, .body = text, .headers = {}};
  response.headers.emplace_back("ETag", tag);
  return response;
}

std::string tag_of(const std::string& text) {
  return "W/\"" + secret_hash(text).substr(0, kTagCharacters) + "\"";
}

}  // namespace

Outcome get_openapi(const Call& call) {
  static const auto tag = tag_of(kOpenApiText);
  return fixed_text(call, "application/yaml", kOpenApiText, tag);
}

Outcome get_docs(const Call& call) {
  static const auto page = docs_page(kOpenApiText);
  static const auto tag = tag_of(page), policy = docs_policy();
  auto response = fixed_text(call, "text/html; charset=utf-8", page, tag);
  response.headers.emplace_back("Content-Security-Policy", policy);
  return response;
}

}  // namespace capmap
