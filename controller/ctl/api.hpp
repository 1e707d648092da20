#pragma once
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "common/result.hpp"
#include "controller/ctl/units.hpp"

namespace capmap {

/// Answers keep the order of their members, so that --json shows them as they are documented.
using ApiJson = nlohmann::ordered_json;

/// How to reach a controller and who we are to it.
struct ApiConnection {
  std::string url = "http://127.0.0.1:8470";
  std::string state = "/var/lib/capmap-controller";
  std::string token_file;  ///< empty: the token of capmapctl login, else admin.token in the state folder
  std::string tls_ca{}, tls_fingerprint{};
  std::uint32_t timeout_ms = 10'000;
  bool reads_only = false;  ///< what changes anything is refused here: it would be done again and again
};

/// The body of an answer. Errors: kMalformed (not JSON, or nested deeper than any answer of ours: showing or copying such a one would
/// take a stack without end). Pure.
Result<ApiJson> parse_answer(std::string_view body);

/// GET and its JSON answer, with a token where one is named or was kept by login; where it takes one and there was none, with the admin
/// token of the state folder, if that can be read. Errors by what the controller said: kAbsent (404), kDenied (401, 403), kFull (413, 429,
/// 507), kUnavailable (502, 503, 504), else kMalformed, with title and detail of its problem; transport errors as send_request.
Result<ApiJson> api_get(const ApiConnection& connection, const std::string& path);
/// GET of a text, as it came. Errors likewise.
Result<std::string> api_get_text(const ApiConnection& connection, const std::string& path, const std::string& media_type);
/// GET of a table as text/csv. Errors likewise.
Result<std::string> api_get_csv(const ApiConnection& connection, const std::string& path);
/// GET of a page of a table as text/csv; `next` becomes the path of the page after it, empty where it is the last. Errors likewise.
Result<std::string> api_get_csv_page(const ApiConnection& connection, const std::string& path, std::string& next);
/// GET of an event stream, with a token as api_get has one: what comes is given to `on_bytes` for as long as it says true. Done: the
/// stream has ended, or it said false. Errors likewise.
Result<Done> api_get_stream(const ApiConnection& connection, const std::string& path,
                            const std::function<bool(std::string_view)>& on_bytes);
/// POST of a JSON body with the admin token, and its JSON answer. Errors likewise, and those of reading the token file.
Result<ApiJson> api_post(const ApiConnection& connection, const std::string& path, const ApiJson& body);

/// As api_get with the admin token: answers that tell an admin more.
Result<ApiJson> api_get_as_admin(const ApiConnection& connection, const std::string& path);
/// POST of a body that is JSON already with the admin token, and what is answered, whether it was done or refused.
/// status: what HTTP said.
Result<ApiJson> api_post_any(const ApiConnection& connection, const std::string& path, std::string body, std::uint32_t& status);
/// POST of a question, which changes nothing: with a token as api_get has it. Errors as api_get; then `problem` is what the controller
/// said.
Result<ApiJson> api_ask(const ApiConnection& connection, const std::string& path, const ApiJson& body, ApiJson& problem);
/// A refusal as one line: "title: detail".
Error problem_of(std::uint32_t status, const ApiJson& problem);

/// DELETE with the admin token, likewise.
Result<ApiJson> api_delete(const ApiConnection& connection, const std::string& path);

/// $XDG_CONFIG_HOME/capmap, else ~/.config/capmap; empty: there is no home folder.
std::string settings_folder();
/// Where capmapctl login keeps the token for a controller's URL; empty: there is no home folder.
std::string login_file(const std::string& url);
/// The folders above a file, each 0700 where it is made.
Result<Done> make_folders_of(const std::string& file);
/// POST of a body that is as secret as a token, without one.
Result<ApiJson> api_post_secret(const ApiConnection& connection, const std::string& path, const ApiJson& body);

/// Members of an answer, absent where missing, null or of another type: a newer or older controller must not end the program.
std::optional<std::string> text_at(const ApiJson& object, const char* key);
/// `otherwise` where it is no boolean.
bool flag_at(const ApiJson& object, const char* key, bool otherwise = false);
/// A whole number, or a decimal string as sums of bytes come.
std::optional<WideAmount> amount_at(const ApiJson& object, const char* key);
std::optional<std::uint64_t> number_at(const ApiJson& object, const char* key);
/// The member, or an empty object.
const ApiJson& object_at(const ApiJson& object, const char* key);
/// The member, or an empty array.
const ApiJson& list_at(const ApiJson& object, const char* key);

}  // namespace capmap
