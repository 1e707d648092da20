#include "controller/store/journal.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "common/log.hpp"
#include "controller/store/files.hpp"

namespace capmap {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxJournalBytes = std::size_t{4} << 30;
constexpr const char* kHeader = R"({"capmap_store":1})";

/// A node's line may carry the token it took a use of, so that both changed together or not at all.
struct NodeLine {
  KnownNode node;
  std::optional<TokenRecord> token;
};
using Line = std::variant<Site, TokenRecord, NodeLine>;

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

template <class Kind>
Result<Line> widen(const Result<Kind>& line) {
  if (!line) return line.error();
  return Line{*line};
}

Result<Line> read_line(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return Error{ErrorCode::kMalformed, "not a JSON object"};
  const auto kind = text_field(object, "kind");
  if (!kind) return kind.error();
  if (*kind == "site") return widen(read_site(object));
  if (*kind == "token") return widen(read_token(object));
  if (*kind == "node") return widen(read_node(object));
  return bad_field("kind");
}

/// Replaces the record of the same key, or adds it.
template <class Record>
void put(std::vector<Record>& records, std::unordered_map<std::string, std::size_t>& index, const std::string& key, const Record& record) {
  const auto [place, added] = index.try_emplace(key, records.size());
  if (added) {
    records.push_back(record);
  } else {
    records[place->second] = record;
  }
}

}  // namespace

Result<Journal> read_journal(const std::string& path) {
  const auto content = read_whole_file(path, kMaxJournalBytes);
  if (!content) return content.error();
  Journal journal;
  std::unordered_map<std::string, std::size_t> sites, tokens, nodes;
  std::string_view rest = *content;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    if (end == std::string_view::npos) {
      log_warn("journal_torn_line", {{"file", path}, {"line", number}, {"bytes", rest.size()}, {"action", "dropped"}});
      break;
    }
    const auto text = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (number == 1) {
      if (text != kHeader) return Error{ErrorCode::kMalformed, path + ":1: not a journal of capmap (expected " + kHeader + ")"};
      continue;
    }
    const auto line = read_line(text);
    if (!line) {
      return Error{ErrorCode::kMalformed,
                   path + ":" + std::to_string(number) + ": " + line.error().what +
                       "; the file was changed by hand or by a failing disk: restore it from a backup, or remove that line"};
    }
    if (const auto* site = std::get_if<Site>(&*line)) {
      put(journal.sites, sites, to_text(site->id), *site);
    } else if (const auto* token = std::get_if<TokenRecord>(&*line)) {
      put(journal.tokens, tokens, token->secret_hash, *token);
    } else if (const auto* node = std::get_if<NodeLine>(&*line)) {
      put(journal.nodes, nodes, to_text(node->node.id), node->node);
      if (node->token) put(journal.tokens, tokens, node->token->secret_hash, *node->token);
    }
  }
  return journal;
}

}  // namespace capmap
