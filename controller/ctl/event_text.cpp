#include "controller/ctl/event_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace capmap {
namespace {

using Json = ApiJson;

std::string word(const Json& object, const char* key, const char* otherwise = "–") {
  return text_at(object, key).value_or(otherwise);
}

std::string place_of(const Json& data) {
  const auto name = text_at(data, "site_name");
  const auto id = text_at(data, "site");
  return name ? " at " + *name : id ? " at " + *id : std::string();
}

/// "fresh → lost, in_service → drained": what of the node differs.
std::string moved(const Json& data) {
  const Json &from = object_at(data, "from"), &to = object_at(data, "to");
  std::string text;
  for (const char* member : {"site", "pool", "liveness", "service_state", "verdict"}) {
    const auto before = text_at(from, member), after = text_at(to, member);
    if (before == after || from.empty() || to.empty()) continue;
    text += (text.empty() ? "  " : ", ") + before.value_or("–") + " → " + after.value_or("–");
  }
  return text;
}

std::string totals(const Json& data) {
  std::string text;
  for (const auto& [name, value] : object_at(data, "totals").items()) {
    text += (text.empty() ? "" : ", ") + name + " " + (value.is_null() ? "unknown" : value.dump());
  }
  return text;
}

std::string rest_of(const std::string& kind, const Json& data) {
  if (kind == "map.totals" || kind == "snapshot") return totals(data);
  if (kind == "nodes.many") return std::to_string(number_at(data, "count").value_or(0)) + " × " + word(data, "what") + place_of(data);
  if (kind.starts_with("node.")) return word(data, "node") + place_of(data) + moved(data);
  if (kind.starts_with("double.")) return word(data, "node") + ", " + word(data, "other") + "  " + word(data, "state");
  if (kind.starts_with("clone.")) return word(data, "node") + place_of(data);
  if (kind.starts_with("alert.")) return word(data, "alert") + ": " + word(data, "text");
  if (kind.starts_with("pool.")) return word(data, "name") + " " + word(data, "pool") + place_of(data);
  if (kind.starts_with("site.")) return word(data, "site_name") + " " + word(data, "site");
  return data.dump();  // of a newer controller
}

}  // namespace

Result<std::vector<StreamMessage>> StreamReader::take(std::string_view bytes) {
  std::vector<StreamMessage> done;
  rest_ += bytes;
  std::size_t at = 0;
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', at)) {
    auto line = std::string_view(rest_).substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(line, done);
    at = end + 1;
  }
  rest_.erase(0, at);
  if (rest_.size() + next_.data.size() > kMostBytes) {
    return Error{ErrorCode::kFull, "a message of the event stream is longer than 1 MiB; is this a capmap controller?"};
  }
  return done;
}

void StreamReader::take_line(std::string_view line, std::vector<StreamMessage>& done) {
  if (line.empty()) {
    if (!next_.data.empty()) {
      next_.id = id_;
      done.push_back(std::move(next_));
    }
    next_ = {};
    return;
  }
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "id") id_ = value;
  if (name == "event") next_.kind = value;
  if (name == "data") next_.data += (next_.data.empty() ? "" : "\n") + std::string(value);
}

std::string event_line(const StreamMessage& message) {
  const auto data = parse_answer(message.data);
  if (!data) return {};
  const auto why = word(*data, "why", "");
  if (message.kind == "resync") return "-- gap: " + why + "; what is now is in capmapctl map and nodes";
  if (message.kind == "end") return "-- the controller ended it: " + why;
  std::string kind = message.kind;
  kind.resize(std::max<std::size_t>(kind.size(), 14), ' ');
  return word(*data, "at") + "  " + kind + "  " + rest_of(message.kind, *data);
}

}  // namespace capmap
