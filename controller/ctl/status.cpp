#include <nlohmann/json.hpp>
#include <ostream>

#include "controller/ctl/commands.hpp"
#include "controller/ctl/http_client.hpp"
#include "controller/ctl/text_table.hpp"

namespace capmap {

Result<Done> show_status(const ApiConnection& connection, const Screen& screen) {
  const auto reply = send_request(connection.url, connection.timeout_ms,
                                  {.method = "GET",
                                   .path = "/readyz",
                                   .body = {},
                                   .bearer = {},
                                   .accept = {},
                                   .secret_body = false,
                                   .tls_ca = connection.tls_ca,
                                   .tls_pin = connection.tls_fingerprint});
  if (!reply) return reply.error();
  const ApiJson answer = ApiJson::parse(reply->body, nullptr, false);
  if (reply->status != 200) {
    const auto reason = text_at(answer, "detail");
    return Error{ErrorCode::kUnavailable,
                 connection.url + " is up but not ready: " + reason.value_or("it answered " + std::to_string(reply->status))};
  }
  const auto controller = text_at(answer, "controller");
  if (screen.json) {
    ApiJson status = {{"url", connection.url}, {"ready", true}, {"controller", nullptr}};
    if (controller) status["controller"] = *controller;
    screen.out << status.dump() << "\n";
  } else {
    screen.out << printable(connection.url) << " is ready" << (controller ? ": " + printable(*controller) : std::string()) << "\n";
  }
  return Done{};
}

}  // namespace capmap
