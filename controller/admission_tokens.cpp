// Tokens: made, listed, revoked.
#include <map>
#include <utility>

#include "common/join_token.hpp"
#include "controller/admission_joining.hpp"
#include "controller/admission_parts.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kMaxTokenUses = 1'000'000;
constexpr std::size_t kMaxNameBytes = 100;

Error no_such_site(const char* field, const std::string& name) {
  return {ErrorCode::kAbsent, std::string(field) + ": no site is called \"" + name + "\"; see capmapctl sites list"};
}

/// What of a request is wrong by itself.
Result<Done> validate(const CreateToken& request, std::uint64_t now_unix_ms) {
  if (request.uses == 0 || request.uses > kMaxTokenUses) return Error{ErrorCode::kMalformed, "uses: must be 1 to 1000000"};
  if (request.expires_unix_ms <= now_unix_ms) return Error{ErrorCode::kMalformed, "expires: lies in the past"};
  if (request.name.size() > kMaxNameBytes) return Error{ErrorCode::kMalformed, "name: may have at most 100 bytes"};
  const bool child = !request.child_sites.empty();
  if (child && !request.pool.empty()) return Error{ErrorCode::kMalformed, "pool: child controllers have none"};
  if (child && request.by_hand) return Error{ErrorCode::kMalformed, "approve: child controllers are let in by their token alone"};
  return Done{};
}

/// Whether another token that is still good has the name: "revoke NAME" would mean either.
Result<bool> is_taken(Store& store, const std::string& name, std::uint64_t now_unix_ms) {
  if (name.empty()) return false;
  const auto other = store.joining().find_token_named(name);
  if (!other) return other.error();
  return *other && !(*other)->revoked_unix_ms && (*other)->expires_unix_ms > now_unix_ms;
}

}  // namespace

Result<Change> carry_out(Store& store, const CreateToken& request, const TokenMaking& making, std::uint64_t now_unix_ms) {
  if (auto valid = validate(request, now_unix_ms); !valid) return Change{valid.error()};
  const auto taken = is_taken(store, request.name, now_unix_ms);
  if (!taken) return taken.error();
  if (*taken) {
    return Change{Error{ErrorCode::kDenied, "name: a token that is still good is called \"" + request.name +
                                                "\" already: revoke it first, or take another name"}};
  }
  std::vector<SiteId> child_sites;
  for (const auto& name : request.child_sites) {
    const auto child_site = store.find_site(name);
    if (!child_site) return child_site.error();
    if (!*child_site) return Change{no_such_site("child_sites", name)};
    child_sites.push_back((*child_site)->id);
  }
  const auto& site_name = request.child_sites.empty() ? request.site : request.child_sites.front();
  const auto site = store.find_site(site_name);
  if (!site) return site.error();
  if (!*site) return Change{no_such_site("site", site_name)};
  std::optional<PoolId> pool_id;
  if (!request.pool.empty()) {
    const auto pool = store.find_pool((*site)->id, request.pool);
    if (!pool) return pool.error();
    if (!*pool) return Change{Error{ErrorCode::kAbsent, "pool: the site has no pool \"" + request.pool + "\"; see capmapctl pools"}};
    pool_id = (*pool)->id;
  }
  const JoinToken token{.host = making.advertise_host,
                        .enrol_port = making.enrol_port,
                        .message_port = making.message_port,
                        .server_public_key = making.server_public_key,
                        .secret = random_secret()};
  const TokenRecord record{.secret_hash = secret_hash(token.secret),
                           .site = (*site)->id,
                           .uses_left = request.uses,
                           .expires_unix_ms = request.expires_unix_ms,
                           .child_sites = child_sites,
                           .name = request.name,
                           .pool = pool_id,
                           .uses = request.uses,
                           .created_unix_ms = now_unix_ms,
                           .from = request.from,
                           .by_hand = request.by_hand};
  if (auto put = store.put_token(record); !put) return put.error();
  const std::string where = child_sites.empty() ? (*site)->name : std::to_string(child_sites.size()) + " sites for a child";
  std::string detail = where + ", uses " + std::to_string(request.uses);
  if (!record.from.empty()) detail += ", from " + to_text(record.from);
  if (record.by_hand) detail += ", approved by hand";
  const AuditEntry entry{
      .at_unix_ms = now_unix_ms, .who = "admin", .what = "token_created", .subject = to_text((*site)->id), .detail = std::move(detail)};
  if (auto put = store.add_audit(entry); !put) return put.error();
  return Change{CreatedToken{.text = to_text(token),
                             .site_name = (*site)->name,
                             .uses = request.uses,
                             .expires_unix_ms = request.expires_unix_ms,
                             .id = token_id(record),
                             .name = record.name}};
}

TokenInfo token_info(const TokenRecord& record, const Names& names) {
  TokenInfo info{.record = record, .site = names.site(record.site), .pool = record.pool ? names.pool(*record.pool) : "", .child_sites = {}};
  for (const auto& site : record.child_sites) info.child_sites.push_back(names.site(site));
  return info;
}

Result<Change> list_tokens(Store& store) {
  const auto names = Names::of(store);
  if (!names) return names.error();
  const auto tokens = store.joining().tokens(kMostTokensListed);
  if (!tokens) return tokens.error();
  TokenList list{.tokens = {}, .most = kMostTokensListed};
  for (const auto& token : *tokens) list.tokens.push_back(token_info(token, *names));
  return Change{JoiningDone{std::move(list)}};
}

Result<Change> revoke_token(Store& store, const RevokeToken& request, std::uint64_t now_unix_ms) {
  auto token = store.joining().find_token_named(request.name_or_id);
  if (!token) return token.error();
  if (!*token) return Change{Error{ErrorCode::kAbsent, "no token has the id or name \"" + request.name_or_id + "\""}};
  if (!(*token)->revoked_unix_ms) {
    (*token)->revoked_unix_ms = now_unix_ms;
    if (auto put = store.put_token(**token); !put) return put.error();
    const AuditEntry entry{
        .at_unix_ms = now_unix_ms, .who = "admin", .what = "token_revoked", .subject = token_id(**token), .detail = (*token)->name};
    if (auto put = store.add_audit(entry); !put) return put.error();
  }
  const auto names = Names::of(store);
  if (!names) return names.error();
  return Change{JoiningDone{TokenRevoked{token_info(**token, *names)}}};
}

}  // namespace capmap
