#include "controller/admission.hpp"

#include <algorithm>
#include <utility>

#include "common/join_token.hpp"
#include "controller/admission_joining.hpp"

namespace capmap {
namespace {

Result<std::string> site_name(Store& store, const SiteId& id) {
  const auto site = store.find_site(to_text(id));
  if (!site) return site.error();
  return *site ? (*site)->name : to_text(id);
}

/// Why a token lets nobody in from there; null: it may.
const char* token_problem(const TokenRecord& token, const std::string& address, std::uint64_t now_unix_ms, std::string& text) {
  if (token.revoked_unix_ms) {
    text = "the token was revoked: ask for a new one";
    return "revoked_token";
  }
  if (token.expires_unix_ms <= now_unix_ms) {
    text = "the token has expired: ask for a new one";
    return "expired_token";
  }
  const auto holds = [&address](const AddressRange& range) { return range.contains(address); };
  if (!token.from.empty() && std::ranges::none_of(token.from, holds)) {
    text = "the token does not work from " + (address.empty() ? "here" : address) + ": it is for " + to_text(token.from);
    return "wrong_network";
  }
  return nullptr;
}

/// A child controller with its delegation: new, or with a delegation that this token changes. Both use the token up.
Result<KnownChild> admit_child(Store& store, const JoinRequest& request, TokenRecord token, const std::optional<KnownChild>& known,
                               std::uint64_t now_unix_ms) {
  KnownChild child{.id = known ? known->id : random_id<ControllerId>(),
                   .public_key = known ? known->public_key : request.key,
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
  auto known = store.find_child(request.key);
  if (!known) return known.error();
  if (!*known) {  // on its way to another key
    const auto next = store.joining().find_next_key(request.key);
    if (!next) return next.error();
    if (*next) known = store.find_child(ControllerId{(*next)->node.bytes});
    if (!known) return known.error();
  }
  const bool changes = !*known || (*known)->sites != token.child_sites;
  if (changes && token.uses_left == 0) {
    decision.answer = "used_token";
    decision.joined.reason = "the token has no uses left: ask for a new one";
    return decision;
  }
  const auto child = changes ? admit_child(store, request, token, *known, now_unix_ms) : Result<KnownChild>(**known);
  if (!child) return child.error();
  decision.joined = {.accepted = true,
                     .reason = {},
                     .node_id = NodeId{child->id.bytes},
                     .site_name = {},
                     .port = making.message_port,
                     .next_port = making.next_port};
  if (changes) decision.let_in_child = *child;
  return decision;
}

}  // namespace

JoinDecision refused(const JoinRequest& request, const char* answer, std::string text) {
  JoinDecision decision{.route = request.route, .hostname = request.join.hostname, .answer = answer, .joined = {}};
  decision.joined.reason = std::move(text);
  return decision;
}

Result<JoinDecision> accepted(Store& store, const JoinRequest& request, const KnownNode& node, const TokenMaking& making) {
  auto name = site_name(store, node.site);
  if (!name) return name.error();
  JoinDecision decision{.route = request.route, .hostname = request.join.hostname, .answer = "accepted", .joined = {}};
  decision.joined = {.accepted = true,
                     .reason = {},
                     .node_id = node.id,
                     .site_name = std::move(*name),
                     .port = making.message_port,
                     .next_port = making.next_port};
  return decision;
}

Result<KnownNode> admit_node(Store& store, const KnownNode& node, const std::string& how, std::uint64_t now_unix_ms) {
  if (auto put = store.put_node(node); !put) return put.error();
  if (auto put = store.joining().remove_pending(node.public_key); !put) return put.error();
  const AuditEntry entry{
      .at_unix_ms = now_unix_ms, .who = "join", .what = "node_joined", .subject = to_text(node.id), .detail = node.hostname + how};
  if (auto put = store.add_audit(entry); !put) return put.error();
  return node;
}

Result<JoinDecision> decide_join(Store& store, const JoinRequest& request, const TokenMaking& making, std::uint64_t now_unix_ms) {
  if (request.key.empty() || request.key != request.join.public_key) {
    return refused(request, "wrong_key", "the public key in the request is not the key of this connection");
  }
  const auto revoked = store.joining().find_revoked(request.key);
  if (!revoked) return revoked.error();
  if (*revoked) {
    return refused(request, "revoked_key",
                   "this machine's key was revoked and is never let in again: capmap-agent join --new-key TOKEN makes another one");
  }
  auto token = request.join.token_secret.empty() ? Result<std::optional<TokenRecord>>(std::nullopt)
                                                 : store.find_token(secret_hash(request.join.token_secret));
  if (!token) return token.error();
  auto known = store.find_node(request.key);
  if (!known) return known.error();
  if (!*known) {  // on its way to another key
    const auto next = store.joining().find_next_key(request.key);
    if (!next) return next.error();
    if (*next) known = store.find_node((*next)->node);
    if (!known) return known.error();
  }
  const bool for_child = *token && !(*token)->child_sites.empty();
  if (*known && for_child) return refused(request, "wrong_key", "this key is a server's: a child controller needs one of its own");
  if (*known) return accepted(store, request, **known, making);

  const auto waiting = store.joining().find_pending(request.key);
  if (!waiting) return waiting.error();
  std::string text;
  const char* problem = "unknown_token";
  if (!*token) {
    text = "this controller does not know the token";
  } else {
    problem = token_problem(**token, request.address, now_unix_ms, text);
  }
  // Who waits was let into the queue once: what became of its token since is the queue's matter.
  if (*waiting) return decide_pending(store, request, problem == nullptr ? *token : std::nullopt, *waiting, making, now_unix_ms);
  if (problem != nullptr) return refused(request, problem, std::move(text));
  if (for_child) return decide_child(store, request, **token, making, now_unix_ms);
  if ((*token)->uses_left == 0) return refused(request, "used_token", "the token has no uses left: ask for a new one");
  if ((*token)->by_hand) return decide_pending(store, request, *token, std::nullopt, making, now_unix_ms);
  --(*token)->uses_left;
  if (auto put = store.put_token(**token); !put) return put.error();
  const auto node = admit_node(store,
                               {.id = random_id<NodeId>(),
                                .public_key = request.key,
                                .site = (*token)->site,
                                .pool = (*token)->pool,
                                .hostname = request.join.hostname,
                                .joined_unix_ms = now_unix_ms},
                               "", now_unix_ms);
  if (!node) return node.error();
  auto decision = accepted(store, request, *node, making);
  if (decision) decision->let_in = *node;
  return decision;
}

}  // namespace capmap
