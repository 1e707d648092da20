// The console: one page and the files it names, from memory.
#include <algorithm>

#include "common/join_token.hpp"
#include "controller/http/gzip_body.hpp"
#include "controller/http/problem.hpp"
#include "controller/http/resources.hpp"
#include "controller/http/web_files.hpp"

namespace capmap {
namespace {

constexpr std::size_t kTagCharacters = 32;
constexpr std::string_view kPage = "index.html";
/// Scripts and styles of its own alone, no evaluated text, and text becomes HTML only where the console's own templates do it.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types svelte-trusted-html capmap-worker";

const char* type_of(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

/// Files but the page carry a hash of what is in them in their names.
const char* lifetime_of(std::string_view name) {
  return name == kPage ? "no-cache" : "public, max-age=31536000, immutable";
}

std::string tag_of(const WebFile& file) {
  return "W/\"" + secret_hash(std::string(file.plain)).substr(0, kTagCharacters) + "\"";
}

const WebFile* find_file(std::string_view name) {
  const auto& all = web_files();
  const auto found = std::find_if(all.begin(), all.end(), [name](const WebFile& file) { return file.name == name; });
  return found == all.end() ? nullptr : &*found;
}

HttpResponse shown(const Call& call, const WebFile& file) {
  const auto tag = tag_of(file);
  auto response = not_modified(call, tag).value_or(HttpResponse{});
  if (response.status != 304) {
    const auto taken = header(call.request, "accept-encoding").value_or("");
    const bool brotli = takes_coding(taken, "br"), gzip = takes_gzip(taken);
    const auto bytes = brotli ? file.brotli : gzip ? file.gzip : file.plain;
    response = {.status = 200, .content_type = type_of(file.name), .body = std::string(bytes), .headers = {{"ETag", tag}}};
    if (brotli || gzip) response.headers.emplace_back("Content-Encoding", brotli ? "br" : "gzip");
  }
  response.headers.emplace_back("Cache-Control", lifetime_of(file.name));
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  return response;
}

}  // namespace

Outcome get_console(const Call& call) {
  const auto* const page = find_file(kPage);
  if (page == nullptr) return problem_response({.status = 404, .word = "no-console", .detail = "this controller was built without it"});
  auto response = shown(call, *page);
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  return response;
}

Outcome get_console_file(const Call& call) {
  const auto* const file = call.path_value == kPage ? nullptr : find_file(call.path_value);
  if (file == nullptr) {
    return problem_response({.status = 404, .word = "no-such-file", .detail = "the console has no such file: load / anew"});
  }
  return shown(call, *file);
}

}  // namespace capmap
