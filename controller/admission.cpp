#include "controller/admission.hpp"

#include <utility>

#include "common/join_token.hpp"

namespace capmap {
namespace {

constexpr std::uint32_t kMaxTokenUses = 1'000'000;

Result<std::string> site_name(Store& store, const SiteId& id) {
  const auto site = store.find_site(to_text(id));
  if (!site) return site.error();
  return *site ? (*site)->name : to_text(id);
}

/// The node, its token's use and the audit's line, in one change.
Result<KnownNode> admit(Store& store, const JoinRequest& request, TokenRecord token, std::uint64_t now_unix_ms) {
  const KnownNode node{.id = random_id<NodeId>(),
                       .public_key = request.key,
                       .site = token.site,
                       .hostname = request.join.hostname,
                       .joined_unix_ms = now_unix_ms};
  --token.uses_left;
  if (auto put = store.put_node(node); !put) return put.error();
  if (auto put = store.put_token(token); !put) return put.error();
  const AuditEntry entry{
      .at_unix_ms = now_unix_ms, .who = "join", .what = "node_joined", .subject = to_text(node.id), .detail = node.hostname};
  if (auto put = store.add_audit(entry); !put) return put.error();
  return node;
}

/// A child controller with its delegation: new, or with a delegation that this token changes. Both use the token up.
Result<KnownChild> admit_child(Store& store, const JoinRequest& request, TokenRecord token, const std::optional<KnownChild>& known,
                               std::uint64_t now_unix_ms) {
  KnownChild child{.id = known ? known->id : random_id<ControllerId>(),
                   .public_key = request.key,
                   .name = request.join.hostname,
                   .sites = token.child_sites,
                   .joined_unix_ms = known ? known->joined_unix_ms : now_unix_ms};
  --token.uses_left;
  if (auto put = store.put_child(child); !put) return put.error();
  if (auto put = store.put_token(token); !put) return put.error();
  const AuditEntry entry{.at_unix_ms = now_unix_ms,
                         .who = "join",
                         .what = known ? "child_delegation_changed" : "child_joined",
                         .subject = to_text(child.id),
                         .detail = child.name + ", sites " + std::to_string(child.sites.size())};
  if (auto put = store.add_audit(entry); !put) return put.error();
  return child;
}

Result<JoinDecision> decide_child(Store& store, const JoinRequest& request, const TokenRecord& token, const TokenMaking& making,
                                  std::uint64_t now_unix_ms) {
  JoinDecision decision{.route = request.route, .hostname = request.join.hostname, .answer = "accepted", .joined = {}};
  const auto known = store.find_child(request.key);
  if (!known) return known.error();
  const bool changes = !*known || (*known)->sites != token.child_sites;
  if (changes && token.uses_left == 0) {
    decision.answer = "used_token";
    decision.joined.reason = "the token has no uses left: ask for a new one";
    return decision;
  }
  const auto child = changes ? admit_child(store, request, token, *known, now_unix_ms) : Result<KnownChild>(**known);
  if (!child) return child.error();
  decision.joined = {.accepted = true, .reason = {}, .node_id = NodeId{child->id.bytes}, .site_name = {}, .port = making.message_port};
  if (changes) decision.let_in_child = *child;
  return decision;
}

}  // namespace

Result<JoinDecision> decide_join(Store& store, const JoinRequest& request, const TokenMaking& making, std::uint64_t now_unix_ms) {
  const auto refuse = [&request](const char* answer, std::string text) {
    JoinDecision decision{.route = request.route, .hostname = request.join.hostname, .answer = answer, .joined = {}};
    decision.joined.reason = std::move(text);
    return decision;
  };
  if (request.key.empty() || request.key != request.join.public_key) {
    return refuse("wrong_key", "the public key in the request is not the key of this connection");
  }
  const auto token = store.find_token(secret_hash(request.join.token_secret));
  if (!token) return token.error();
  if (!*token) return refuse("unknown_token", "this controller does not know the token");
  if ((*token)->expires_unix_ms <= now_unix_ms) return refuse("expired_token", "the token has expired: ask for a new one");

  const auto known = store.find_node(request.key);
  if (!known) return known.error();
  if (!(*token)->child_sites.empty()) {
    if (*known) return refuse("wrong_key", "this key is a server's: a child controller needs one of its own");
    return decide_child(store, request, **token, making, now_unix_ms);
  }
  if (!*known && (*token)->uses_left == 0) return refuse("used_token", "the token has no uses left: ask for a new one");
  const auto node = *known ? Result<KnownNode>(**known) : admit(store, request, **token, now_unix_ms);
  if (!node) return node.error();
  auto name = site_name(store, node->site);
  if (!name) return name.error();
  JoinDecision decision{.route = request.route, .hostname = request.join.hostname, .answer = "accepted", .joined = {}};
  decision.joined = {.accepted = true, .reason = {}, .node_id = node->id, .site_name = std::move(*name), .port = making.message_port};
  if (!*known) decision.let_in = *node;
  return decision;
}

Result<Change> carry_out(Store& store, const CreateToken& request, const TokenMaking& making, std::uint64_t now_unix_ms) {
  std::vector<SiteId> child_sites;
  for (const auto& name : request.child_sites) {
    const auto child_site = store.find_site(name);
    if (!child_site) return child_site.error();
    if (!*child_site) return Change{Error{ErrorCode::kAbsent, "child_sites: no site is called \"" + name + "\"; see capmapctl sites list"}};
    child_sites.push_back((*child_site)->id);
  }
  const auto site = store.find_site(request.child_sites.empty() ? request.site : request.child_sites.front());
  if (!site) return site.error();
  if (!*site) return Change{Error{ErrorCode::kAbsent, "site: no site is called \"" + request.site + "\"; see capmapctl sites list"}};
  if (request.uses == 0 || request.uses > kMaxTokenUses) return Change{Error{ErrorCode::kMalformed, "uses: must be 1 to 1000000"}};
  if (request.expires_unix_ms <= now_unix_ms) return Change{Error{ErrorCode::kMalformed, "expires: lies in the past"}};
  const JoinToken token{.host = making.advertise_host,
                        .enrol_port = making.enrol_port,
                        .message_port = making.message_port,
                        .server_public_key = making.server_public_key,
                        .secret = random_secret()};
  const TokenRecord record{.secret_hash = secret_hash(token.secret),
                           .site = (*site)->id,
                           .uses_left = request.uses,
                           .expires_unix_ms = request.expires_unix_ms,
                           .child_sites = child_sites};
  if (auto put = store.put_token(record); !put) return put.error();
  if (auto put =
          store.add_audit({.at_unix_ms = now_unix_ms,
                           .who = "admin",
                           .what = "token_created",
                           .subject = record.secret_hash.substr(0, 16),
                           .detail = (child_sites.empty() ? (*site)->name : std::to_string(child_sites.size()) + " sites for a child") +
                                     ", uses " + std::to_string(request.uses)});
      !put) {
    return put.error();
  }
  return Change{
      CreatedToken{.text = to_text(token), .site_name = (*site)->name, .uses = request.uses, .expires_unix_ms = request.expires_unix_ms}};
}

}  // namespace capmap
