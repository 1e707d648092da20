#include "controller/http/service_body.hpp"

#include <algorithm>
#include <span>
#include <string_view>

namespace capmap {
namespace {

Result<ServiceState> read_state(const BodyObject& object) {
  const auto word = object.text("state");
  if (!word) return word.error();
  const auto orders = std::span(kServiceStateNames).first<kServiceOrderCount>();
  const auto found = std::ranges::find(orders, word->value_or(""), [](const char* name) { return std::string_view(name); });
  if (found != orders.end()) return static_cast<ServiceState>(found - orders.begin());
  std::string words;
  for (const char* name : orders) words += (words.empty() ? "" : ", ") + std::string(name);
  return Error{ErrorCode::kMalformed, "state: must be one of " + words};
}

}  // namespace

Result<ServiceOrder> read_service_order(const std::string& body) {
  const auto object = BodyObject::parse(body, {"state", "reason", "from", "until"});
  if (!object) return object.error();
  const auto state = read_state(*object);
  if (!state) return state.error();
  ServiceOrder order{.state = *state};
  const auto why = object->text("reason");
  if (!why) return why.error();
  order.why = why->value_or("");
  for (const auto& [name, place] : {std::pair{"from", &order.from_unix_ms}, std::pair{"until", &order.until_unix_ms}}) {
    const auto text = object->text(name);
    if (!text) return text.error();
    if (!*text) continue;
    const auto time = parse_rfc3339(name, **text);
    if (!time) return time.error();
    *place = *time;
  }
  return order;
}

}  // namespace capmap
