#include "controller/ctl/api.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "controller/ctl/http_client.hpp"
#include "controller/store/files.hpp"
#include "controller/store/state_folder.hpp"

namespace capmap {
namespace {

using Json = ApiJson;

ErrorCode code_of(std::uint32_t status) {
  switch (status) {
    case 401:
    case 403: return ErrorCode::kDenied;
    case 404: return ErrorCode::kAbsent;
    case 413:
    case 429:
    case 507: return ErrorCode::kFull;
    case 502:
    case 503:
    case 504: return ErrorCode::kUnavailable;
    default: return ErrorCode::kMalformed;
  }
}

Result<ApiReply> send(const ApiConnection& connection, ApiRequest request) {
  if (connection.reads_only && request.method != "GET")
    return Error{ErrorCode::kDenied, "--watch is for commands that only look: this one would be done again and again"};
  request.tls_ca = connection.tls_ca;
  request.tls_pin = connection.tls_fingerprint;
  return send_request(connection.url, connection.timeout_ms, request);
}

Result<Json> exchange(const ApiConnection& connection, const ApiRequest& request) {
  const auto reply = send(connection, request);
  if (!reply) return reply.error();
  auto answer = parse_answer(reply->body);
  if (reply->status < 200 || reply->status > 299) return problem_of(reply->status, answer ? *answer : Json());
  if (!answer) return Error{answer.error().code, connection.url + request.path + " " + answer.error().what};
  return answer;
}

Result<std::string> first_word(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (!file || !(file >> token)) return Error{ErrorCode::kAbsent, path + ": no token can be read there"};
  return token;
}

/// What was named, or kept by login; absent: neither.
Result<std::optional<std::string>> own_token(const ApiConnection& connection) {
  const auto kept = login_file(connection.url);
  const bool named = !connection.token_file.empty();
  auto token = named ? first_word(connection.token_file) : kept.empty() ? Result<std::string>(Error{}) : first_word(kept);
  if (token) return std::optional(std::move(*token));
  if (named) return token.error();
  return std::optional<std::string>();
}

Result<std::string> read_token(const ApiConnection& connection) {
  auto own = own_token(connection);
  if (!own) return own.error();
  if (*own) return std::move(**own);
  auto admin = load_admin_token(connection.state);
  if (admin) return admin;
  return Error{admin.error().code, admin.error().what + "; or log in: capmapctl login, or name a token's file: --token-file"};
}

Result<ApiReply> send_read(const ApiConnection& connection, ApiRequest request) {
  auto own = own_token(connection);
  if (!own) return own.error();
  request.bearer = own->value_or("");
  const auto admin = *own ? Result<std::string>(Error{}) : load_admin_token(connection.state);
  // Over TLS nobody reads unasked; elsewhere most may, and then no secret is shown.
  if (admin && connection.url.starts_with("https://")) request.bearer = *admin;
  auto reply = send(connection, request);
  if (!reply || reply->status != 401 || !request.bearer.empty()) return reply;
  if (!admin) return reply;
  request.bearer = *admin;
  return send(connection, request);
}

/// A text that was answered with success.
Result<ApiReply> get_text(const ApiConnection& connection, const std::string& path, const std::string& media_type) {
  auto reply = send_read(
      connection, {.method = "GET", .path = path, .body = {}, .bearer = {}, .accept = media_type + ", application/problem+json;q=0.5"});
  if (!reply || (reply->status >= 200 && reply->status <= 299)) return reply;
  const auto problem = parse_answer(reply->body);
  return problem_of(reply->status, problem ? *problem : Json());
}

/// Of `<?cursor=…>; rel="next"`, which is of the path that was asked for; empty: there is no such page, or it is said in another way.
std::string next_path(const std::string& path, const std::string& link) {
  const auto end = link.find('>');
  if (!link.starts_with("<?") || end == std::string::npos || link.find("rel=\"next\"", end) == std::string::npos) return {};
  return path.substr(0, path.find('?')) + link.substr(1, end - 1);
}

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

Result<Json> parse_answer(std::string_view body) {
  constexpr int kMaxDepth = 64;
  bool deep = false;
  // What is too deep is left out while it is read, so that it never is a value.
  const auto keep = [&deep](int depth, Json::parse_event_t, const Json&) {
    deep = deep || depth > kMaxDepth;
    return depth <= kMaxDepth;
  };
  Json answer = Json::parse(body, keep, false);
  if (!deep && !answer.is_discarded()) return answer;
  return Error{ErrorCode::kMalformed, deep ? "answered JSON that is nested too deep; is this a capmap controller?"
                                           : "answered something that is not JSON; is this a capmap controller?"};
}

Result<Json> api_get(const ApiConnection& connection, const std::string& path) {
  const auto reply = send_read(connection, {.method = "GET", .path = path, .body = {}, .bearer = {}});
  if (!reply) return reply.error();
  auto answer = parse_answer(reply->body);
  if (reply->status < 200 || reply->status > 299) return problem_of(reply->status, answer ? *answer : Json());
  if (!answer) return Error{answer.error().code, connection.url + path + " " + answer.error().what};
  return answer;
}

Result<Json> api_ask(const ApiConnection& connection, const std::string& path, const Json& body, Json& problem) {
  const auto reply = send_read(
      connection, {.method = "POST", .path = path, .body = body.dump(-1, ' ', false, Json::error_handler_t::replace), .bearer = {}});
  if (!reply) return reply.error();
  auto answer = parse_answer(reply->body);
  if (reply->status < 200 || reply->status > 299) {
    if (answer) problem = std::move(*answer);
    return problem_of(reply->status, problem);
  }
  if (!answer) return Error{answer.error().code, connection.url + path + " " + answer.error().what};
  return answer;
}

Result<std::string> api_get_csv(const ApiConnection& connection, const std::string& path) {
  return api_get_text(connection, path, "text/csv");
}

Result<std::string> api_get_csv_page(const ApiConnection& connection, const std::string& path, std::string& next) {
  auto reply = get_text(connection, path, "text/csv");
  if (!reply) return reply.error();
  next = next_path(path, reply->link);
  return std::move(reply->body);
}

Result<std::string> api_get_text(const ApiConnection& connection, const std::string& path, const std::string& media_type) {
  auto reply = get_text(connection, path, media_type);
  if (!reply) return reply.error();
  return std::move(reply->body);
}

Result<Done> api_get_stream(const ApiConnection& connection, const std::string& path,
                            const std::function<bool(std::string_view)>& on_bytes) {
  ApiRequest request{
      .method = "GET", .path = path, .body = {}, .bearer = {}, .accept = "text/event-stream, application/problem+json;q=0.5"};
  request.on_bytes = on_bytes;
  const auto reply = send_read(connection, std::move(request));
  if (!reply) return reply.error();
  if (reply->status >= 200 && reply->status <= 299) return Done{};
  const auto problem = parse_answer(reply->body);
  return problem_of(reply->status, problem ? *problem : Json());
}

Error problem_of(std::uint32_t status, const Json& problem) {
  std::string what = text_at(problem, "title").value_or("the controller answered " + std::to_string(status));
  if (const auto detail = text_at(problem, "detail"); detail && *detail != what) what += ": " + *detail;
  return {code_of(status), what};
}

Result<Json> api_get_as_admin(const ApiConnection& connection, const std::string& path) {
  auto token = read_token(connection);
  if (!token) return token.error();
  return exchange(connection, {.method = "GET", .path = path, .body = {}, .bearer = *token});
}

Result<Json> api_post_any(const ApiConnection& connection, const std::string& path, std::string body, std::uint32_t& status) {
  auto token = read_token(connection);
  if (!token) return token.error();
  const auto reply = send(connection, {.method = "POST", .path = path, .body = std::move(body), .bearer = *token});
  if (!reply) return reply.error();
  status = reply->status;
  auto answer = parse_answer(reply->body);
  return answer || status > 299 ? (answer ? *answer : Json()) : Result<Json>(answer.error());
}

Result<Json> api_post(const ApiConnection& connection, const std::string& path, const Json& body) {
  auto token = read_token(connection);
  if (!token) return token.error();
  return exchange(connection,
                  {.method = "POST", .path = path, .body = body.dump(-1, ' ', false, Json::error_handler_t::replace), .bearer = *token});
}

Result<Json> api_post_secret(const ApiConnection& connection, const std::string& path, const Json& body) {
  return exchange(connection, {.method = "POST",
                               .path = path,
                               .body = body.dump(-1, ' ', false, Json::error_handler_t::replace),
                               .bearer = {},
                               .accept = {},
                               .secret_body = true});
}

std::string settings_folder() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  auto folder = variable("XDG_CONFIG_HOME");
  if (folder.empty() && !variable("HOME").empty()) folder = variable("HOME") + "/.config";
  return folder.empty() ? folder : folder + "/capmap";
}

std::string login_file(const std::string& url) {
  const auto folder = settings_folder();
  return folder.empty() ? folder : folder + "/tokens/" + url_escaped(url);
}

Result<Done> make_folders_of(const std::string& file) {
  for (auto slash = file.find('/', 1); slash != std::string::npos; slash = file.find('/', slash + 1)) {
    const auto folder = file.substr(0, slash);
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return file_error(folder, "create folder", errno);
  }
  return Done{};
}

Result<Json> api_delete(const ApiConnection& connection, const std::string& path) {
  auto token = read_token(connection);
  if (!token) return token.error();
  return exchange(connection, {.method = "DELETE", .path = path, .body = {}, .bearer = *token});
}

std::optional<std::string> text_at(const Json& object, const char* key) {
  const Json* found = member(object, key);
  if (found == nullptr || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

bool flag_at(const Json& object, const char* key, bool otherwise) {
  const Json* found = member(object, key);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : otherwise;
}

std::optional<WideAmount> amount_at(const Json& object, const char* key) {
  const Json* found = member(object, key);
  if (found == nullptr) return std::nullopt;
  if (found->is_string()) return parse_wide(found->get_ref<const std::string&>());
  if (!found->is_number_integer() || *found < 0) return std::nullopt;
  return found->get<std::uint64_t>();
}

std::optional<std::uint64_t> number_at(const Json& object, const char* key) {
  const auto amount = amount_at(object, key);
  if (!amount || *amount > UINT64_MAX) return std::nullopt;
  return static_cast<std::uint64_t>(*amount);
}

const Json& object_at(const Json& object, const char* key) {
  static const Json empty = Json::object();
  const Json* found = member(object, key);
  return found != nullptr && found->is_object() ? *found : empty;
}

const Json& list_at(const Json& object, const char* key) {
  static const Json empty = Json::array();
  const Json* found = member(object, key);
  return found != nullptr && found->is_array() ? *found : empty;
}

}  // namespace capmap
