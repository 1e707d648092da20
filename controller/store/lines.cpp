#include "controller/store/lines.hpp"

#include <nlohmann/json.hpp>

namespace capmap {
namespace {

using nlohmann::json;

json site_json(const Site& site) {
  json out = {{"kind", "site"},         {"id", to_text(site.id)},          {"name", site.name},
              {"region", site.region},  {"owner_class", site.owner_class}, {"compute_class", site.compute_class},
              {"service", site.service}};
  if (site.security_level) out["security_level"] = *site.security_level;
  return out;
}

json token_json(const TokenRecord& token) {
  return {{"kind", "token"},
          {"secret_hash", token.secret_hash},
          {"site", to_text(token.site)},
          {"uses_left", token.uses_left},
          {"expires_unix_ms", token.expires_unix_ms}};
}

json node_json(const NodeLine& line) {
  json out = {{"kind", "node"},
              {"id", to_text(line.node.id)},
              {"public_key", line.node.public_key},
              {"site", to_text(line.node.site)},
              {"hostname", line.node.hostname},
              {"joined_unix_ms", line.node.joined_unix_ms}};
  if (line.token) out["token"] = token_json(*line.token);
  return out;
}

Error bad_field(const char* name) {
  return Error{ErrorCode::kMalformed, std::string("field \"") + name + "\" is missing or has a wrong value"};
}

Result<std::string> text_field(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return bad_field(name);
  return found->get<std::string>();
}

Result<std::uint64_t> number_field(const json& object, const char* name, std::uint64_t max) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned()) return bad_field(name);
  const auto value = found->get<std::uint64_t>();
  if (value > max) return bad_field(name);
  return value;
}

template <class IdType>
Result<IdType> id_field(const json& object, const char* name) {
  const auto text = text_field(object, name);
  if (!text) return text.error();
  const auto id = parse_id<IdType>(*text);
  if (!id) return bad_field(name);
  return *id;
}

Result<Site> read_site(const json& object) {
  Site site;
  const auto id = id_field<SiteId>(object, "id");
  if (!id) return id.error();
  site.id = *id;
  const std::pair<const char*, std::string*> texts[] = {{"name", &site.name},
                                                        {"region", &site.region},
                                                        {"owner_class", &site.owner_class},
                                                        {"compute_class", &site.compute_class},
                                                        {"service", &site.service}};
  for (const auto& [name, target] : texts) {
    const auto text = text_field(object, name);
    if (!text) return text.error();
    *target = *text;
  }
  if (object.contains("security_level")) {
    const auto level = number_field(object, "security_level", 5);
    if (!level) return level.error();
    site.security_level = static_cast<std::uint32_t>(*level);
  }
  return site;
}

Result<TokenRecord> read_token(const json& object) {
  const auto hash = text_field(object, "secret_hash");
  if (!hash) return hash.error();
  const auto site = id_field<SiteId>(object, "site");
  if (!site) return site.error();
  const auto uses = number_field(object, "uses_left", UINT32_MAX);
  if (!uses) return uses.error();
  const auto expires = number_field(object, "expires_unix_ms", UINT64_MAX);
  if (!expires) return expires.error();
  return TokenRecord{.secret_hash = *hash, .site = *site, .uses_left = static_cast<std::uint32_t>(*uses), .expires_unix_ms = *expires};
}

Result<NodeLine> read_node(const json& object) {
  const auto id = id_field<NodeId>(object, "id");
  if (!id) return id.error();
  const auto key = text_field(object, "public_key");
  if (!key) return key.error();
  const auto site = id_field<SiteId>(object, "site");
  if (!site) return site.error();
  const auto hostname = text_field(object, "hostname");
  if (!hostname) return hostname.error();
  const auto joined = number_field(object, "joined_unix_ms", UINT64_MAX);
  if (!joined) return joined.error();
  NodeLine line{.node = {.id = *id, .public_key = *key, .site = *site, .hostname = *hostname, .joined_unix_ms = *joined}, .token = {}};
  if (const auto token = object.find("token"); token != object.end()) {
    if (!token->is_object()) return bad_field("token");
    const auto record = read_token(*token);
    if (!record) return record.error();
    line.token = *record;
  }
  return line;
}

template <class Line>
Result<StoreLine> widen(const Result<Line>& line) {
  if (!line) return line.error();
  return StoreLine{*line};
}

}  // namespace

std::string write_line(const StoreLine& line) {
  // Hostnames come from other machines: bytes that are no UTF-8 are replaced, not thrown at us.
  const auto text = [](const json& value) { return value.dump(-1, ' ', true, json::error_handler_t::replace); };
  if (const auto* site = std::get_if<Site>(&line)) return text(site_json(*site));
  if (const auto* token = std::get_if<TokenRecord>(&line)) return text(token_json(*token));
  return text(node_json(*std::get_if<NodeLine>(&line)));
}

Result<StoreLine> read_line(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return Error{ErrorCode::kMalformed, "not a JSON object"};
  const auto kind = text_field(object, "kind");
  if (!kind) return kind.error();
  if (*kind == "site") return widen(read_site(object));
  if (*kind == "token") return widen(read_token(object));
  if (*kind == "node") return widen(read_node(object));
  return bad_field("kind");
}

}  // namespace capmap
