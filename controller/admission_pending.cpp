// Who waits for an approval: in the queue, by hand and by rule.
#include <algorithm>
#include <utility>

#include "controller/admission_joining.hpp"
#include "controller/admission_parts.hpp"

namespace capmap {
namespace {

bool applies(const ApprovalRule& rule, const SiteId& site, const std::string& address, std::uint64_t now_unix_ms) {
  return rule.until_unix_ms > now_unix_ms && (!rule.site || *rule.site == site) && rule.from.contains(address);
}

Result<bool> approved_by_rule(Store& store, const SiteId& site, const std::string& address, std::uint64_t now_unix_ms) {
  const auto rules = store.joining().rules();
  if (!rules) return rules.error();
  return std::ranges::any_of(*rules, [&](const ApprovalRule& rule) { return applies(rule, site, address, now_unix_ms); });
}

KnownNode node_of(const PendingNode& pending, std::uint64_t now_unix_ms) {
  return {.id = pending.id,
          .public_key = pending.public_key,
          .site = pending.site,
          .pool = pending.pool,
          .hostname = pending.hostname,
          .joined_unix_ms = now_unix_ms};
}

JoinDecision must_wait(const JoinRequest& request, const NodeId& id) {
  JoinDecision decision = refused(
      request, "pending",
      "an admin has to approve this machine first: it waits as " + to_text(id) + " (capmapctl nodes pending, capmapctl nodes approve)");
  decision.joined.node_id = id;
  decision.joined.pending = true;
  decision.joined.retry_after_s = kAskAgainPendingS;
  return decision;
}

Result<Done> note(Store& store, std::uint64_t now_unix_ms, const char* who, const char* what, const std::string& subject,
                  const std::string& detail) {
  return store.add_audit({.at_unix_ms = now_unix_ms, .who = who, .what = what, .subject = subject, .detail = detail});
}

Result<Names> names_of(Store& store) {
  return Names::of(store);
}

}  // namespace

Result<Names> Names::of(Store& store) {
  Names names;
  const auto sites = store.sites();
  if (!sites) return sites.error();
  for (const auto& site : *sites) names.sites_[site.id] = site.name;
  const auto pools = store.pools();
  if (!pools) return pools.error();
  for (const auto& pool : *pools) names.pools_[pool.id] = pool.name;
  return names;
}

std::string Names::site(const SiteId& id) const {
  const auto found = sites_.find(id);
  return found == sites_.end() ? to_text(id) : found->second;
}

std::string Names::pool(const PoolId& id) const {
  const auto found = pools_.find(id);
  return found == pools_.end() ? to_text(id) : found->second;
}

Result<JoinDecision> decide_pending(Store& store, const JoinRequest& request, const std::optional<TokenRecord>& token,
                                    const std::optional<PendingNode>& waiting, const TokenMaking& making, std::uint64_t now_unix_ms) {
  const bool over = waiting && waiting->asked_unix_ms + kPendingLivesMs <= now_unix_ms;
  if (over && !token) return refused(request, "expired_token", "nobody approved this machine within a week: ask for a new token");
  if (waiting && waiting->rejected && !over) return refused(request, "rejected", "an admin rejected this machine");
  const bool asks_anew = !waiting || over;
  if (asks_anew && token->uses_left == 0) return refused(request, "used_token", "the token has no uses left: ask for a new one");
  PendingNode pending = asks_anew ? PendingNode{.id = waiting ? waiting->id : random_id<NodeId>(),
                                                .public_key = request.key,
                                                .hostname = request.join.hostname,
                                                .address = request.address,
                                                .token_hash = token->secret_hash,
                                                .site = token->site,
                                                .pool = token->pool,
                                                .asked_unix_ms = now_unix_ms}
                                  : *waiting;
  pending.hostname = request.join.hostname;
  pending.address = request.address;
  const auto by_rule = approved_by_rule(store, pending.site, request.address, now_unix_ms);
  if (!by_rule) return by_rule.error();
  if (asks_anew && !*by_rule) {
    const auto count = store.joining().pending_count();
    if (!count) return count.error();
    if (*count >= kMostPending) {
      auto full = refused(request, "queue_full", "too many machines wait for an approval already: this one asks again later");
      full.joined.retry_after_s = kAskAgainFullS;
      return full;
    }
  }
  if (asks_anew) {
    TokenRecord used = *token;
    --used.uses_left;
    if (auto put = store.put_token(used); !put) return put.error();
  }
  if (*by_rule) {
    const auto node = admit_node(store, node_of(pending, now_unix_ms), ", approved by a rule", now_unix_ms);
    if (!node) return node.error();
    auto decision = accepted(store, request, *node, making);
    if (decision) decision->let_in = *node;
    return decision;
  }
  if (over) {  // a row of before says what it said then
    if (auto gone = store.joining().remove_pending(pending.public_key); !gone) return gone.error();
  }
  if (!waiting || pending != *waiting) {
    if (auto put = store.joining().put_pending(pending); !put) return put.error();
  }
  if (asks_anew) {
    const auto detail = pending.hostname + " from " + pending.address;
    if (auto put = note(store, now_unix_ms, "join", "node_pending", to_text(pending.id), detail); !put) return put.error();
  }
  return must_wait(request, pending.id);
}

Result<Change> list_pending(Store& store, std::uint64_t now_unix_ms) {
  const auto names = names_of(store);
  if (!names) return names.error();
  const auto pending = store.joining().pending();
  if (!pending) return pending.error();
  const auto rules = store.joining().rules();
  if (!rules) return rules.error();
  const auto tokens = store.joining().tokens(kMostTokensListed);
  if (!tokens) return tokens.error();
  std::map<std::string, std::string> called;
  for (const auto& token : *tokens) called[token.secret_hash] = token.name.empty() ? token_id(token) : token.name;
  PendingList list;
  for (const auto& node : *pending) {
    if (node.asked_unix_ms + kPendingLivesMs <= now_unix_ms) continue;
    const auto token = called.find(node.token_hash);
    list.nodes.push_back({.node = node,
                          .site = names->site(node.site),
                          .pool = node.pool ? names->pool(*node.pool) : "",
                          .token = token == called.end() ? node.token_hash.substr(0, 16) : token->second});
  }
  for (const auto& rule : *rules) {
    if (rule.until_unix_ms > now_unix_ms) list.rules.push_back({.rule = rule, .site = rule.site ? names->site(*rule.site) : ""});
  }
  return Change{JoiningDone{std::move(list)}};
}

Result<Change> decide_one(Store& store, const DecidePending& request, std::uint64_t now_unix_ms) {
  const auto all = store.joining().pending();
  if (!all) return all.error();
  const auto found = std::ranges::find(*all, request.id, &PendingNode::id);
  if (found == all->end() || found->asked_unix_ms + kPendingLivesMs <= now_unix_ms) {
    return Change{Error{ErrorCode::kAbsent, "no machine waits under the id " + to_text(request.id) + "; see capmapctl nodes pending"}};
  }
  PendingDecided decided{.id = request.id};
  if (request.approve) {
    const auto node = admit_node(store, node_of(*found, now_unix_ms), ", approved by an admin", now_unix_ms);
    if (!node) return node.error();
    decided.admitted = *node;
    return Change{JoiningDone{std::move(decided)}};
  }
  PendingNode rejected = *found;
  rejected.rejected = true;
  if (auto put = store.joining().put_pending(rejected); !put) return put.error();
  if (auto put = note(store, now_unix_ms, "admin", "node_rejected", to_text(rejected.id), rejected.hostname + " from " + rejected.address);
      !put) {
    return put.error();
  }
  return Change{JoiningDone{std::move(decided)}};
}

Result<Change> add_rule(Store& store, const AddApprovalRule& request, std::uint64_t now_unix_ms) {
  if (request.until_unix_ms <= now_unix_ms) return Change{Error{ErrorCode::kMalformed, "until: lies in the past"}};
  ApprovalRule rule{.from = request.from, .created_unix_ms = now_unix_ms, .until_unix_ms = request.until_unix_ms};
  std::string site_name;
  if (!request.site.empty()) {
    const auto site = store.find_site(request.site);
    if (!site) return site.error();
    if (!*site) return Change{Error{ErrorCode::kAbsent, "site: no site is called \"" + request.site + "\"; see capmapctl sites list"}};
    rule.site = (*site)->id;
    site_name = (*site)->name;
  }
  const auto rules = store.joining().rules();
  if (!rules) return rules.error();
  for (const auto& old : *rules) {  // what is over makes room
    if (old.until_unix_ms > now_unix_ms) continue;
    if (const auto gone = store.joining().remove_rule(old.number); !gone) return gone.error();
  }
  const auto still = std::ranges::count_if(*rules, [&](const ApprovalRule& old) { return old.until_unix_ms > now_unix_ms; });
  if (static_cast<std::uint64_t>(still) >= kMostRules) {
    return Change{Error{ErrorCode::kFull, "there are 256 rules already: remove some (capmapctl nodes pending lists them)"}};
  }
  const auto number = store.joining().add_rule(rule);
  if (!number) return number.error();
  rule.number = *number;
  const auto detail = "from " + to_text(rule.from) + (site_name.empty() ? "" : ", site " + site_name);
  if (auto put = note(store, now_unix_ms, "admin", "approval_rule_added", std::to_string(rule.number), detail); !put) return put.error();
  RuleAdded added{.rule = {.rule = rule, .site = site_name}};
  const auto waiting = store.joining().pending();
  if (!waiting) return waiting.error();
  for (const auto& pending : *waiting) {
    const bool over = pending.asked_unix_ms + kPendingLivesMs <= now_unix_ms;
    if (pending.rejected || over || !applies(rule, pending.site, pending.address, now_unix_ms)) continue;
    const auto node = admit_node(store, node_of(pending, now_unix_ms), ", approved by a rule", now_unix_ms);
    if (!node) return node.error();
    added.admitted.push_back(*node);
  }
  return Change{JoiningDone{std::move(added)}};
}

Result<Change> remove_rule(Store& store, const RemoveApprovalRule& request, std::uint64_t now_unix_ms) {
  const auto removed = store.joining().remove_rule(request.number);
  if (!removed) return removed.error();
  const auto name = std::to_string(request.number);
  if (!*removed) return Change{Error{ErrorCode::kAbsent, "no rule has the number " + name + "; see capmapctl nodes pending"}};
  if (auto put = note(store, now_unix_ms, "admin", "approval_rule_removed", name, ""); !put) return put.error();
  return Change{JoiningDone{RuleRemoved{request.number}}};
}

Result<Change> carry_out(Store& store, const JoiningRequest& request, const TokenMaking& making, std::uint64_t now_unix_ms) {
  struct Carry {
    Store& store;
    const TokenMaking& making;
    std::uint64_t now;
    Result<Change> operator()(const ListTokens&) const { return list_tokens(store); }
    Result<Change> operator()(const RevokeToken& what) const { return revoke_token(store, what, now); }
    Result<Change> operator()(const ListPending&) const { return list_pending(store, now); }
    Result<Change> operator()(const DecidePending& what) const { return decide_one(store, what, now); }
    Result<Change> operator()(const AddApprovalRule& what) const { return add_rule(store, what, now); }
    Result<Change> operator()(const RemoveApprovalRule& what) const { return remove_rule(store, what, now); }
    Result<Change> operator()(const ListRevoked&) const { return list_revoked(store); }
    Result<Change> operator()(const RotateKeys& what) const { return rotate_keys(store, what, now); }
    Result<Change> operator()(const RotateServerKey& what) const { return rotate_server_key(store, what, now); }
    Result<Change> operator()(const RevokeKey& what) const { return revoke_key(store, what, making, now); }
  };
  return std::visit(Carry{store, making, now_unix_ms}, request.what);
}

}  // namespace capmap
