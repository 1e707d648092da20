// Users, API tokens, and what is asked of the audit.
#include "controller/admission_access.hpp"

#include <algorithm>
#include <utility>

#include "common/join_token.hpp"

namespace capmap {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;
constexpr std::size_t kMostLabelBytes = 100, kCheckedAtOnce = 20'000;

Result<Done> note(Store& store, std::uint64_t now_unix_ms, const char* what, const std::string& subject, const std::string& detail) {
  return store.add_audit({.at_unix_ms = now_unix_ms, .who = "admin", .what = what, .subject = subject, .detail = detail});
}

/// The outer result is the store's, the inner one the asker's.
Result<Result<Scope>> read_scope(Store& store, const std::vector<std::string>& regions, const std::vector<std::string>& names) {
  std::vector<SiteId> sites;
  for (const auto& name : names) {
    const auto site = store.find_site(name);
    if (!site) return site.error();
    if (!*site) return Result<Scope>(Error{ErrorCode::kAbsent, "sites: no site is called \"" + name + "\"; see capmapctl sites list"});
    sites.push_back((*site)->id);
  }
  return make_scope(regions, std::move(sites));
}

std::string told(const User& user) {
  std::string text = std::string(to_word(user.role)) + ", " + to_text(user.scope);
  if (user.password_hash.empty()) text += ", no password";
  if (user.disabled) text += ", disabled";
  return text;
}

Error no_user(const std::string& name) {
  return {ErrorCode::kAbsent, "no user is called \"" + name + "\"; see capmapctl users list"};
}

/// What is asked for, put over what the user was.
Result<Result<User>> changed_user(Store& store, const PutUser& request, User user) {
  if (request.role) user.role = *request.role;
  if (request.regions || request.sites) {
    std::vector<std::string> kept;
    for (const auto& id : user.scope.sites) kept.push_back(to_text(id));
    const auto scope = read_scope(store, request.regions.value_or(user.scope.regions), request.sites.value_or(kept));
    if (!scope) return scope.error();
    if (!*scope) return Result<User>(scope->error());
    user.scope = **scope;
  }
  if (request.password_hash) user.password_hash = *request.password_hash;
  if (request.expires_changes) user.expires_unix_ms = request.expires_unix_ms;
  if (request.disabled) user.disabled = *request.disabled;
  if (user.role == Role::kAdmin && !user.scope.everything()) {
    return Result<User>(Error{ErrorCode::kMalformed, "role: an admin has no scope, for users and lists are everybody's: make it operator"});
  }
  return Result<User>(std::move(user));
}

}  // namespace

Result<Change> carry_out(Store& store, const PutUser& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto table = store.access();
  if (!table) return table.error();
  const User* const before = table->find(request.name);
  if (request.create) {
    if (auto good = check_user_name(request.name); !good) return Change{good.error()};
    if (before != nullptr) return Change{Error{ErrorCode::kDenied, "name: a user \"" + request.name + "\" is already there"}};
    if (table->users().size() >= kMostUsers) return Change{Error{ErrorCode::kFull, "there are as many users as there may be"}};
  } else if (before == nullptr) {
    return Change{no_user(request.name)};
  }
  User user;
  user.name = request.name;
  user.created_unix_ms = now_unix_ms;
  auto changed = changed_user(store, request, before == nullptr ? user : *before);
  if (!changed) return changed.error();
  if (!*changed) return Change{changed->error()};
  if (auto put = store.put_user(**changed); !put) return put.error();
  auto detail = told(**changed);
  if (request.password_hash && !request.create) detail += ", password changed";
  if (auto put = note(store, now_unix_ms, request.create ? "user_added" : "user_changed", request.name, detail); !put) return put.error();
  return Change{UserPut{.user = std::move(**changed), .created = request.create}};
}

Result<Change> carry_out(Store& store, const RemoveUser& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto table = store.access();
  if (!table) return table.error();
  if (table->find(request.name) == nullptr) return Change{no_user(request.name)};
  const auto tokens = std::ranges::count(table->tokens(), request.name, &ApiToken::user);
  if (auto removed = store.remove_user(request.name); !removed) return removed.error();
  const auto detail = "with " + std::to_string(tokens) + " API tokens";
  if (auto put = note(store, now_unix_ms, "user_removed", request.name, detail); !put) return put.error();
  return Change{UserRemoved{.name = request.name, .tokens = static_cast<std::size_t>(tokens)}};
}

Result<Change> carry_out(Store& store, const MakeApiToken& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto table = store.access();
  if (!table) return table.error();
  const User* const user = table->find(request.user);
  if (user == nullptr) return Change{no_user(request.user)};
  if (std::ranges::count(table->tokens(), request.user, &ApiToken::user) >= static_cast<std::ptrdiff_t>(kMostTokensOfUser)) {
    return Change{Error{ErrorCode::kFull, request.user + " has as many API tokens as there may be: revoke some"}};
  }
  if (request.label.size() > kMostLabelBytes) return Change{Error{ErrorCode::kMalformed, "label: may have at most 100 bytes"}};
  const auto scope = read_scope(store, request.regions, request.sites);
  if (!scope) return scope.error();
  if (!*scope) return Change{scope->error()};
  const auto secret = random_api_token();
  ApiToken token{.user = request.user, .secret_hash = secret_hash(secret), .role = request.role.value_or(user->role), .scope = **scope};
  if (token.role > user->role) {
    return Change{
        Error{ErrorCode::kMalformed, "role: a token may not have more than its user, who is " + std::string(to_word(user->role))}};
  }
  token.id = api_token_id(token.secret_hash);
  token.label = request.label;
  token.created_unix_ms = now_unix_ms;
  token.expires_unix_ms = request.expires_unix_ms;
  if (auto put = store.put_api_token(token); !put) return put.error();
  const auto detail =
      "of " + token.user + ", " + to_word(token.role) + ", " + to_text(token.scope) + (token.label.empty() ? "" : ", " + token.label);
  if (auto put = note(store, now_unix_ms, "api_token_made", token.id, detail); !put) return put.error();
  return Change{ApiTokenMade{.token = std::move(token), .secret = secret}};
}

Result<Change> carry_out(Store& store, const RevokeApiToken& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto table = store.access();
  if (!table) return table.error();
  const auto found = std::ranges::find(table->tokens(), request.id, &ApiToken::id);
  if (found == table->tokens().end() || (!request.only_of.empty() && found->user != request.only_of)) {
    return Change{Error{ErrorCode::kAbsent, "no API token " + std::string(request.only_of.empty() ? "" : "of yours ") + "has the id \"" +
                                                request.id + "\"; see capmapctl users token list"}};
  }
  if (auto removed = store.remove_api_token(request.id); !removed) return removed.error();
  if (auto put = note(store, now_unix_ms, "api_token_revoked", found->id, "of " + found->user); !put) return put.error();
  return Change{ApiTokenRevoked{*found}};
}

Result<Change> carry_out(Store& store, const NoteAudit& request, const TokenMaking&, std::uint64_t) {
  for (const auto& entry : request.entries) {
    if (auto put = store.add_audit(entry); !put) return put.error();
  }
  return Change{Noted{}};
}

Result<Change> carry_out(Store& store, const NoteUses& request, const TokenMaking&, std::uint64_t now_unix_ms) {
  const auto table = store.access();
  if (!table) return table.error();
  const auto hour = now_unix_ms / kHourMs * kHourMs;
  for (const auto& name : request.users) {
    const User* const found = table->find(name);
    if (found == nullptr || found->last_used_unix_ms == hour) continue;
    User user = *found;
    user.last_used_unix_ms = hour;
    if (auto put = store.put_user(user); !put) return put.error();
  }
  for (const auto& id : request.token_ids) {
    const auto found = std::ranges::find(table->tokens(), id, &ApiToken::id);
    if (found == table->tokens().end() || found->last_used_unix_ms == hour) continue;
    ApiToken token = *found;
    token.last_used_unix_ms = hour;
    if (auto put = store.put_api_token(token); !put) return put.error();
  }
  return Change{Noted{}};
}

Result<Change> carry_out(Store& store, const AskAudit& request, const TokenMaking&, std::uint64_t) {
  auto page = store.audit_page(request.question);
  if (!page) return page.error();
  return Change{std::move(*page)};
}

Result<Change> carry_out(Store& store, const CheckAudit& request, const TokenMaking&, std::uint64_t) {
  auto check = store.check_audit(request.so_far, kCheckedAtOnce);
  if (!check) return check.error();
  return Change{std::move(*check)};
}

bool changes_access(const AdminChange& change) {
  return std::holds_alternative<UserPut>(change) || std::holds_alternative<UserRemoved>(change) ||
         std::holds_alternative<ApiTokenMade>(change) || std::holds_alternative<ApiTokenRevoked>(change);
}

}  // namespace capmap
